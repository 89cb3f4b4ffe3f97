{{- define "openads.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "openads.selector" -}}
app.kubernetes.io/name: openads
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "openads.labels" -}}
{{ include "openads.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- define "openads.image" -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end -}}
{{- end -}}

{{- define "openads.url" -}}
{{- if .Values.gateway.tlsSecret -}}
{{ printf "https://%s-gateway.%s.svc:%v" (include "openads.name" .) .Release.Namespace .Values.gateway.service.port }}
{{- else -}}
{{ printf "http://%s-gateway.%s.svc:%v" (include "openads.name" .) .Release.Namespace .Values.gateway.service.port }}
{{- end -}}
{{- end -}}

{{- define "openads.pod" -}}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- if .Values.image.pullSecrets }}
imagePullSecrets:
{{- range .Values.image.pullSecrets }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "openads.container" -}}
image: {{ include "openads.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "openads.variables" -}}
- name: OPENADS_HOME
  value: /var/lib/openads
- name: OPENADS_ADVERTISE
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: OPENADS_CLUSTER_KEY
  valueFrom:
    secretKeyRef: {name: {{ .Values.clusterKey.secret | quote }}, key: {{ .Values.clusterKey.key | quote }}}
- name: OPENADS_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.database.secret | quote }}, key: {{ .Values.database.key | quote }}}
- name: OPENADS_ARTIFACT_STORE
  value: {{ required "artifactStore.url must name the store that all members share, such as s3://bucket/prefix" .Values.artifactStore.url | quote }}
- name: OPENADS_ENGINE
  value: {{ .Values.engine.name | quote }}
{{- range $name, $value := .Values.settings }}
- name: {{ printf "OPENADS_%s" (upper $name) }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "openads.credentials" -}}
{{- if .Values.artifactStore.credentials }}
envFrom:
  - secretRef: {name: {{ .Values.artifactStore.credentials | quote }}}
{{- end }}
{{- end -}}

{{- define "openads.scheme" -}}
{{- if .Values.gateway.tlsSecret -}}HTTPS{{- else -}}HTTP{{- end -}}
{{- end -}}
