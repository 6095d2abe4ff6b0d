from pathlib import Path

import yaml

from stack.livekit_config import SOURCE, write_livekit_config


def test_livekit_tells_the_api_of_its_stack(tmp_path: Path) -> None:
    written = write_livekit_config(tmp_path / "s" / "livekit.yaml", "http://127.0.0.1:21008")
    config, source = yaml.safe_load(written.read_text()), yaml.safe_load(SOURCE.read_text())
    assert config["webhook"].pop("urls") == ["http://127.0.0.1:21008/hooks/livekit"]
    assert source["webhook"].pop("urls") == ["http://control-api:8000/hooks/livekit"]
    assert config == source
