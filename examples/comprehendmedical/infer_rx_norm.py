"""The RxNorm concepts of a note's drugs. It needs a release of RxNorm: without one Nonet says how to load it."""

import boto3

medical = boto3.client("comprehendmedical")
try:
    for entity in medical.infer_rx_norm(Text="Takes lisinopril 10 mg tablets daily.")["Entities"]:
        for concept in entity["RxNormConcepts"]:
            print(concept["Code"], f"{concept['Score']:.2f}", concept["Description"])
except medical.exceptions.ClientError as refused:
    print(refused.response["Error"]["Message"])
