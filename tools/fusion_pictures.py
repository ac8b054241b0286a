"""Makes the pictures of docs/fusion.md: `python tools/fusion_pictures.py`."""
from pathlib import Path

from vla_async.bench.fusion.pictures import picture
from vla_async.bench.fusion.scenarios import BIASED, CIRCLE

PICTURES = Path(__file__).resolve().parent.parent / 'docs/pictures'

if __name__ == '__main__':
    (PICTURES / 'fusion.png').write_bytes(picture(BIASED))
    (PICTURES / 'fusion_path.png').write_bytes(picture(CIRCLE))
