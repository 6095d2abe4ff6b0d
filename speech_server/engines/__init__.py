"""The models, each third-party engine behind one door."""

import os

# OpenMP reads this once, when its library is loaded, which is after this package. Its default is to
# spin at each barrier: on two threads beside other busy processes one utterance then took 4 to 30 s
# instead of 0.3 s, and six times the CPU. This server shares its cores with synthesis and an LLM.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
