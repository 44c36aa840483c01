"""A VITS voice of Coqui TTS with random weights. Proves that loading works, nothing else.

Run by the engine environment's own interpreter: ``python tiny_coqui.py FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from TTS.config.shared_configs import BaseAudioConfig
from TTS.tts.configs.shared_configs import CharactersConfig
from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
from TTS.tts.models.vits import Vits


def main(folder: Path) -> None:
    torch.manual_seed(7)
    arguments = VitsArgs(
        init_discriminator=False, hidden_channels=32, hidden_channels_ffn_text_encoder=64,
        num_layers_text_encoder=1, num_heads_text_encoder=2, num_layers_flow=1, num_layers_posterior_encoder=1,
        upsample_initial_channel_decoder=32, resblock_kernel_sizes_decoder=[3],
        resblock_dilation_sizes_decoder=[[1, 3, 5]], upsample_rates_decoder=[8, 8, 2, 2],
        upsample_kernel_sizes_decoder=[16, 16, 4, 4],
    )  # fmt: skip
    characters = CharactersConfig(
        characters_class="TTS.tts.models.vits.VitsCharacters", pad="_", eos="", bos="", blank="",
        characters="abcdefghijklmnopqrstuvwxyz", punctuations=" .,!?", phonemes="",
    )  # fmt: skip
    config = VitsConfig(
        model_args=arguments, audio=BaseAudioConfig(sample_rate=22050, hop_length=256, win_length=1024, fft_size=1024),
        use_phonemes=False, text_cleaner="basic_cleaners", characters=characters, run_name="tiny",
    )  # fmt: skip
    model = Vits.init_from_config(config)
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict(), "config": config.to_dict(), "step": 0}, folder / "tiny.pth")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
