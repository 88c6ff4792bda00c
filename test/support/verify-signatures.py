"""Signs requests again with botocore, from what was sent, and prints the signatures: one JSON list in, one out."""
import json
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def signature(sent):
    signer = S3SigV4Auth if sent["service"] == "s3" else SigV4Auth
    auth = signer(Credentials(**sent["credentials"]), sent["service"], sent["region"])
    request = AWSRequest(method=sent["method"], url=sent["url"], data=sent["body"].encode(), headers=sent["headers"])
    request.context["timestamp"] = sent["headers"]["x-amz-date"]
    # What the transport would do to the path, as botocore itself signs S3: nothing.
    request.context["payload_signing_enabled"] = True
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


print(json.dumps([signature(sent) for sent in json.load(sys.stdin)]))
