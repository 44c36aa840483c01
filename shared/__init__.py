"""What every Nonet service stands on: contract, rpc, runtime, models, storage, jobs, auth, media, observability."""
