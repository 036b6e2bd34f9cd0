# SPDX-License-Identifier: MIT
"""bench/clients/requests.py: the same with python3-requests, one Session.

  requests.py ENDPOINT CALLS TOKEN-FILE [CA-FILE]
Run by bench/run.lua.
"""
import sys

sys.path.pop(0)  # or this file would be imported as `requests`
import requests

PATH = ("/v2/0a1b2c3d4e5f60718293a4b5c6d7e8f9/graphs/2d8a9b3c-4f5e-4a6b-8c7d-9e0f1a2b3c4d"
        "/jobs/ff80808167f09aaa0167f19b35ec0305/status")
endpoint, calls = sys.argv[1], int(sys.argv[2])
with open(sys.argv[3]) as file:
    token = file.read()
verify = sys.argv[4] if len(sys.argv) > 4 else True
session = requests.Session()
for i in range(calls):
    answer = session.get(endpoint + PATH, headers={"X-Auth-Token": token}, timeout=10,
                         verify=verify)
    assert answer.status_code == 200 and answer.json()["status"] == "success"
    if i == 0:
        print("first", flush=True)
print("done")
