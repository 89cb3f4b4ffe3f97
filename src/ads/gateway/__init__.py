"""The one door: a strict HTTP/1.1 listener that answers predictions itself and passes everything else to control.

``python -m ads.gateway --fd N`` serves the listening socket that it inherits from the supervisor. Reading a request:
:mod:`request <ads.gateway.request>` gives the head one meaning, :mod:`framing <ads.gateway.framing>` the body;
:mod:`router <ads.gateway.router>` says whose it is; :mod:`predictions <ads.gateway.predictions>` admits it;
:mod:`pool <ads.gateway.pool>` finds a :mod:`replica <ads.gateway.replica>`; :mod:`proxy <ads.gateway.proxy>` streams
the rest to the control plane.
"""
