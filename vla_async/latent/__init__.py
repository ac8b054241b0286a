"""What the slow side understood last, and how far it still counts."""
from vla_async.latent.buffer import LatentBuffer, LatentRules, LatentState, Verdict

__all__ = ['LatentBuffer', 'LatentRules', 'LatentState', 'Verdict']
