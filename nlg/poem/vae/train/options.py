"""The settings of a training of the CNN-VAE; no Keras."""

import dataclasses

from nlg.poem.vae.config import VAEConfig
from nlg.training.options import MANY, TrainOptions


@dataclasses.dataclass(frozen=True)
class VAETraining(TrainOptions):
    """The settings of the loop, of the model, and of the data."""

    units: int = VAEConfig.units
    latent_units: int = VAEConfig.latent_units
    encoder_blocks: int = VAEConfig.encoder_blocks
    decoder_blocks: int = VAEConfig.decoder_blocks
    context_dropout: float = VAEConfig.context_dropout
    free_nats: float = VAEConfig.free_nats
    min_count: int = 20  # rarer characters of the training poems are unknown
    kl_warmup: int = 1500  # steps over which the weight of the KL rises from 0 to 1
    dev_poems: int = 1000  # how many poems a look at dev takes
    metric_samples: int = 1000  # poems of each form; 0 measures nothing

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        sizes = ("units", "latent_units", "encoder_blocks", "decoder_blocks")
        counts = ("min_count", "dev_poems")
        return super().bounds() | {
            **dict.fromkeys(sizes + counts, (1, MANY)),
            "context_dropout": (0, 1),
            "metric_samples": (0, MANY),
            "free_nats": (0, 100),
            "kl_warmup": (0, MANY),
        }

    def model(self, vocab_size: int) -> VAEConfig:
        """Return the model's share of these settings."""
        names = {field.name for field in dataclasses.fields(VAEConfig)}
        own = {k: v for k, v in dataclasses.asdict(self).items() if k in names}
        return VAEConfig(vocab_size=vocab_size, **own)
