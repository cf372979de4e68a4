"""AWS as moto has it (Secrets Manager, DynamoDB, S3), on a free port of this machine, until standard input ends.

One line of JSON says where it is: {"url": ..}. Options:

  --deny NAME    makes the secret NAME and a user without permissions, then asks for permissions from
                 everybody; the line has the user's access key too
  --tls DIRECTORY  serves https, with a certificate whose root is written to DIRECTORY/root.pem
"""

import argparse
import collections
import copy
import datetime
import io
import ipaddress
import json
import os
import pathlib
import re
import ssl
import sys
import threading

# Read by moto when it is imported: everybody may do as much until told otherwise.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000"

import boto3
import moto.dynamodb.models
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Kept:
    """What moto keeps of a table for each action of a transaction: its items, which nothing changes in place."""

    @staticmethod
    def deepcopy(value):
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        kept = copy.copy(value)
        kept.items = collections.defaultdict(dict)
        kept.items.update({key: dict(items) for key, items in value.items.items()})
        return kept


moto.dynamodb.models.copy = Kept


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


# Moto words these in XML for every service; AWS answers in the protocol of the service, under these names.
REFUSALS = {
    "AccessDenied": "AccessDeniedException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


def over_the_limits(environ):
    """What DynamoDB refuses and moto takes: more than 100 actions, an item twice, more than 4 MB."""
    action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[2]
    if action not in ("TransactWriteItems", "BatchGetItem"):
        return None
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = io.BytesIO(body)
    asked = json.loads(body)
    if action == "BatchGetItem":
        keys = [key for table in asked["RequestItems"].values() for key in table["Keys"]]
    else:
        actions = [next(iter(item.values())) for item in asked["TransactItems"]]
        keys = [
            {name: action.get("Key", action.get("Item"))[name] for name in ("pk", "sk")}
            for action in actions
        ]
        # Binary values are in base64.
        if len(body) * 3 / 4 > 4 * 1024 * 1024:
            return "Transaction request cannot be larger than 4 MB"
    if len(keys) > 100:
        return "Too many items requested"
    if len({json.dumps(key, sort_keys=True) for key in keys}) < len(keys):
        return "Request cannot include multiple operations on one item"
    return None


def as_documented(application):
    # One request after the other: a cancelled transaction of moto undoes what others did meanwhile.
    alone = threading.Lock()

    def answer(environ, start_response):
        refusal = over_the_limits(environ)
        if refusal:
            error = {"__type": "com.amazon.coral.validate#ValidationException", "message": refusal}
            start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.0")])
            return [json.dumps(error).encode()]
        started = []
        with alone:
            body = b"".join(application(environ, lambda *args: started.extend(args[:2])))
        status, headers = started
        refusal = re.search(rb"<Code>(\w+)</Code><Message>(.*?)</Message>", body)
        if status.startswith("403") and refusal:
            code, message = (part.decode() for part in refusal.groups())
            body = json.dumps({"__type": REFUSALS[code], "Message": message}).encode()
            status, headers = "400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")]
        # The root that S3 documents: moto names it so only once versioning was set.
        named = body.replace(b"GetBucketVersioningResponse", b"VersioningConfiguration")
        if named != body:
            body = named
            headers = [
                (name, str(len(body)) if name == "Content-Length" else value)
                for name, value in headers
            ]
        start_response(status, headers)
        return [body]

    return answer


def denied(url, name):
    """A user who may do nothing."""
    account = {
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    boto3.client("secretsmanager", **account).create_secret(Name=name, SecretString="canary")
    iam = boto3.client("iam", **account)
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    requests.post(f"{url}/moto-api/reset-auth", data="0").raise_for_status()
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}


def certificate(directory):
    """A certificate for 127.0.0.1 that is its own root, as a server context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a root for tests")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    root = directory / "root.pem"
    root.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = directory / "key.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root, private)
    return context


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--deny")
    options.add_argument("--tls", type=pathlib.Path)
    options = options.parse_args()

    application = as_documented(DomainDispatcherApplication(create_backend_app))
    context = certificate(options.tls) if options.tls else None
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=Quiet, ssl_context=context
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    ready = {"url": url}
    if options.deny:
        ready.update(denied(url, options.deny))
    print(json.dumps(ready), flush=True)
    sys.stdin.read()


main()
