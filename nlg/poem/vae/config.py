"""What the CNN-VAE is made of; no Keras."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class VAEConfig:
    """Size of the model and strength of its defences against posterior collapse."""

    vocab_size: int
    max_lines: int = 8
    max_columns: int = 7
    units: int = 256  # D
    latent_units: int = 128  # Z
    encoder_blocks: int = 4
    decoder_blocks: int = 6
    dropout: float = 0.0  # inside the convolution blocks
    context_dropout: float = 0.3  # share of places that do not see what precedes them
    free_nats: float = 0.25  # KL per unit that is not charged


@dataclasses.dataclass(frozen=True)
class PoetConfig:
    """What a checkpoint of the VAE says of its model."""

    model: VAEConfig
    slots: int  # characters that the search chooses from at each place
