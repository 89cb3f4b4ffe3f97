"""Operations of object storage (``/n``), links (``/p``), logging, log search, resource search and identity."""

from __future__ import annotations

from ads.api.openapi.operation import Operation, listing, query

__all__ = ["OPERATIONS"]

_B = "/n/{namespace}/b/{bucket}"
_O, _U = f"{_B}/o/{{name:path}}", f"{_B}/u/{{name:path}}"
_G = "/20200531/logGroups"
_CONDITIONS = ("if-match", "if-none-match")
_OBJECT_HEADERS = (
    "content-md5",
    "opc-multipart-md5",
    "last-modified",
    "version-id",
    "storage-tier",
    "accept-ranges",
)
_STORED = ("opc-content-md5", "last-modified", "version-id")
_VERSION = (query("versionId", text="A version of the object; without one the current one."),)
_UPLOAD_ID = query("uploadId", required=True)
_PAGES = listing(compartment=False)
_FIELDS = query("fields", text="Which of name, size, md5, etag, timeCreated, timeModified, storageTier, archivalState.")
_OBJECT_LIST = (
    *(query(name) for name in ("prefix", "start", "startAfter", "end", "delimiter")),
    query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000}),
    _FIELDS,
)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/n"): Operation("namespace.get", "Namespace"),
    ("GET", "/n/{namespace}"): Operation("namespace.metadata", "NamespaceMetadata"),
    ("POST", "/n/{namespace}/b"): Operation(
        "bucket.create",
        "Bucket",
        etag=True,
        headers=("location",),
        refusals=(409,),
        example={"name": "models", "compartmentId": "ocid1.compartment.oc1..example", "versioning": "Enabled"},
    ),
    ("GET", "/n/{namespace}/b"): Operation(
        "bucket.list", "BucketSummary[]", pages=True, query=(*listing("name", sort=("name",)), query("fields"))
    ),
    ("GET", _B): Operation("bucket.get", "Bucket", etag=True),
    ("HEAD", _B): Operation("bucket.head", etag=True),
    ("POST", _B): Operation("bucket.update", "Bucket", etag=True, matches=True, example={"versioning": "Enabled"}),
    ("DELETE", _B): Operation("bucket.delete", status=204, matches=True),
    ("GET", f"{_B}/o"): Operation("object.list", "ObjectList", query=_OBJECT_LIST),
    ("PUT", _O): Operation(
        "object.put", etag=True, uploads=True, takes=(*_CONDITIONS, "content-md5"), headers=_STORED, refusals=(412,)
    ),
    ("GET", _O): Operation(
        "object.get",
        "bytes",
        etag=True,
        ranges=True,
        takes=_CONDITIONS,
        headers=_OBJECT_HEADERS,
        refusals=(412,),
        also=(304,),
        query=_VERSION,
    ),
    ("HEAD", _O): Operation(
        "object.head",
        etag=True,
        takes=_CONDITIONS,
        headers=_OBJECT_HEADERS,
        refusals=(412,),
        also=(304,),
        query=_VERSION,
    ),
    ("DELETE", _O): Operation(
        "object.delete",
        status=204,
        takes=("if-match",),
        headers=("version-id", "last-modified", "is-delete-marker"),
        refusals=(412,),
        query=_VERSION,
    ),
    ("GET", f"{_B}/objectversions"): Operation(
        "object-version.list", "ObjectVersionList", pages=True, query=(query("prefix"), _FIELDS, *_PAGES)
    ),
    ("POST", f"{_B}/actions/copyObject"): Operation(
        "object.copy",
        status=202,
        work=True,
        refusals=(412,),
        example={
            "sourceObjectName": "churn.zip",
            "destinationRegion": "local",
            "destinationNamespace": "openads",
            "destinationBucket": "archive",
            "destinationObjectName": "churn.zip",
        },
    ),
    ("POST", f"{_B}/actions/renameObject"): Operation(
        "object.rename",
        etag=True,
        headers=("last-modified", "version-id"),
        refusals=(412,),
        example={"sourceName": "churn.zip", "newName": "churn-1.zip"},
    ),
    ("POST", f"{_B}/u"): Operation(
        "upload.create",
        "Upload",
        headers=("location",),
        takes=_CONDITIONS,
        refusals=(412,),
        example={"object": "churn.zip"},
    ),
    ("GET", f"{_B}/u"): Operation("upload.list", "Upload[]", pages=True, query=_PAGES),
    ("PUT", _U): Operation(
        "part.put",
        etag=True,
        uploads=True,
        takes=("content-md5",),
        headers=("opc-content-md5",),
        query=(_UPLOAD_ID, query("uploadPartNum", {"type": "integer", "minimum": 1}, required=True)),
    ),
    ("GET", _U): Operation("part.list", "UploadedPart[]", pages=True, query=(_UPLOAD_ID, *_PAGES)),
    ("POST", _U): Operation(
        "upload.commit",
        etag=True,
        takes=_CONDITIONS,
        headers=("opc-multipart-md5", "last-modified", "version-id"),
        refusals=(412,),
        query=(_UPLOAD_ID,),
        example={"partsToCommit": [{"partNum": 1, "etag": "f2b3c1c2-6a09-4d0b-8a55-5f7d6f0f7c11"}]},
    ),
    ("DELETE", _U): Operation("upload.abort", status=204, query=(_UPLOAD_ID,)),
    ("POST", f"{_B}/p"): Operation(
        "link.create",
        "Link",
        example={
            "name": "for the auditors",
            "accessType": "ObjectRead",
            "objectName": "churn.zip",
            "timeExpires": "2027-01-31T00:00:00Z",
        },
    ),
    ("GET", f"{_B}/p"): Operation("link.list", "LinkSummary[]", pages=True, query=(query("objectNamePrefix"), *_PAGES)),
    ("GET", f"{_B}/p/{{request_id}}"): Operation("link.get", "LinkSummary"),
    ("DELETE", f"{_B}/p/{{request_id}}"): Operation("link.delete", status=204),
    ("GET", f"/p/{{token}}{_O}"): Operation(
        "linked-object.get",
        "bytes",
        etag=True,
        ranges=True,
        takes=_CONDITIONS,
        headers=_OBJECT_HEADERS,
        refusals=(412,),
        also=(304,),
        query=(*_VERSION, *_OBJECT_LIST),
        unsigned=True,
    ),
    ("HEAD", f"/p/{{token}}{_O}"): Operation(
        "linked-object.head",
        etag=True,
        takes=_CONDITIONS,
        headers=_OBJECT_HEADERS,
        refusals=(412,),
        also=(304,),
        query=_VERSION,
        unsigned=True,
    ),
    ("PUT", f"/p/{{token}}{_O}"): Operation(
        "linked-object.put",
        etag=True,
        uploads=True,
        takes=(*_CONDITIONS, "content-md5"),
        headers=_STORED,
        refusals=(412,),
        unsigned=True,
    ),
    ("GET", "/workRequests"): Operation(
        "copy-work-request.list", "WorkRequest[]", pages=True, query=listing(sort=("timeAccepted",))
    ),
    ("GET", "/workRequests/{work_request_id}"): Operation("copy-work-request.get", "WorkRequest"),
    ("GET", "/workRequests/{work_request_id}/logs"): Operation(
        "copy-work-request.logs", "WorkRequestLog[]", pages=True, query=_PAGES
    ),
    ("GET", "/workRequests/{work_request_id}/errors"): Operation(
        "copy-work-request.errors", "WorkRequestError[]", pages=True, query=_PAGES
    ),
    ("DELETE", "/workRequests/{work_request_id}"): Operation("copy-work-request.cancel", status=202),
    ("POST", _G): Operation(
        "log-group.create",
        status=202,
        work=True,
        retries=True,
        example={"compartmentId": "ocid1.compartment.oc1..example", "displayName": "churn"},
    ),
    ("GET", _G): Operation(
        "log-group.list", "LogGroup[]", pages=True, query=listing("displayName", sort=("timeCreated", "displayName"))
    ),
    ("GET", f"{_G}/{{group_id}}"): Operation("log-group.get", "LogGroup", etag=True),
    ("POST", f"{_G}/{{group_id}}/logs"): Operation(
        "log.create",
        status=202,
        work=True,
        retries=True,
        example={"displayName": "access", "logType": "CUSTOM"},
    ),
    ("GET", f"{_G}/{{group_id}}/logs"): Operation(
        "log.list",
        "LogSummary[]",
        pages=True,
        query=(query("displayName"), query("logType"), query("lifecycleState"), *_PAGES),
    ),
    ("GET", f"{_G}/{{group_id}}/logs/{{log_id}}"): Operation("log.get", "Log", etag=True),
    ("GET", "/20200531/workRequests/{work_request_id}"): Operation("log-work-request.get", "WorkRequest"),
    ("POST", "/20190909/search"): Operation(
        "log.search",
        "LogSearch",
        query=(query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}),),
        example={
            "timeStart": "2026-01-31T00:00:00Z",
            "timeEnd": "2026-02-01T00:00:00Z",
            "searchQuery": 'SEARCH "ocid1.compartment.oc1..example" | SORT BY datetime DESC',
        },
    ),
    ("POST", "/20180409/resources"): Operation(
        "resource.search",
        "items:FoundResource",
        pages=True,
        query=(*_PAGES, query("tenantId")),
        example={"type": "Structured", "query": "query datasciencemodel resources"},
    ),
    ("GET", "/20160918/users/{user_id}"): Operation("user.get-named", "User"),
}
"""What is said of each route, by method and path."""
