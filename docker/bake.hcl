# docker buildx bake -f docker/bake.hcl          every image, for processors
# docker buildx bake -f docker/bake.hcl cuda     those that gain from a GPU

variable "REGISTRY" { default = "nonet" }
variable "TAG" { default = "latest" }
variable "CUDA_BASE" { default = "nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04" }

group "default" { targets = ["service"] }
group "cuda" { targets = ["gpu"] }

target "service" {
  name       = name
  matrix     = {
    name = [
      "gateway", "conversation", "documents", "forecasting", "language", "orchestration", "personalization", "speech",
      "transcription", "translation", "vision", "all",
    ]
  }
  dockerfile = "docker/Dockerfile"
  target     = name
  tags       = ["${REGISTRY}/${name}:${TAG}"]
}

target "gpu" {
  name       = "${name}-cuda"
  matrix     = { name = ["conversation", "documents", "language", "transcription", "translation", "vision", "all"] }
  dockerfile = "docker/Dockerfile"
  target     = name
  args       = { BASE = CUDA_BASE, ACCELERATOR = "cuda" }
  tags       = ["${REGISTRY}/${name}:${TAG}-cuda"]
}
