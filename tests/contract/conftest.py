import asyncio

import pytest

from model_store import ModelStoreError, resolve
from speech_server.settings import Settings
from speech_server.stt.models import SttModels
from speech_server.telemetry import Metrics


@pytest.fixture(scope="module")
def models():
    try:
        resolve("whisper-base")
    except ModelStoreError as error:
        pytest.skip(str(error))
    loaded = asyncio.run(SttModels.load(Settings(), Metrics()))
    yield loaded
    loaded.close()
