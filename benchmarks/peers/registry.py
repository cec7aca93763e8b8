"""The peers of each front-end."""

from benchmarks.peers.base import Peer


def _librosa(function: str, differs: str | None = None) -> Peer:
    return Peer("librosa", "with_librosa", function, differs)


def _torchaudio(function: str, differs: str | None = None) -> Peer:
    return Peer("torchaudio", "with_torchaudio", function, differs)


def _nnaudio(layer: str, function: str, differs: str | None = None) -> Peer:
    return Peer(f"nnAudio {layer}", "with_nnaudio", function, differs)


def _torchlibrosa(function: str) -> Peer:
    return Peer("torchlibrosa", "with_torchlibrosa", function)


def _dali(function: str) -> Peer:
    return Peer("DALI", "with_dali", function)


def _essentia(function: str, differs: str = "") -> Peer:
    framing = "the first and last frames are padded with zeros; windows are symmetric"
    return Peer("essentia", "with_essentia", function, f"{framing}; {differs}" if differs else framing)


_OCTAVES = "kernels of another length, clips downsampled octave by octave, small kernel weights left out"
PEERS = {
    "spectrogram": [
        _librosa("spectrogram"),
        _torchaudio("spectrogram"),
        _nnaudio("STFT", "spectrogram"),
        _torchlibrosa("spectrogram"),
        _dali("spectrogram"),
    ],
    "logmel": [
        _librosa("logmel"),
        _torchaudio("logmel"),
        _nnaudio("MelSpectrogram", "logmel"),
        _torchlibrosa("logmel"),
        _dali("logmel"),
        _essentia("logmel"),
    ],
    "mfcc": [_librosa("mfcc"), _torchaudio("mfcc"), _nnaudio("MFCC", "mfcc"), _essentia("mfcc", "no top_db")],
    "lfcc": [_torchaudio("lfcc")],
    "gammatone": [
        _nnaudio("Gammatonegram", "gammatone", "magnitudes of the filters in place of their powers, other centres"),
    ],
    "gfcc": [_essentia("gfcc", "the gammatone bands are other approximations; no top_db")],
    "cqt": [
        _librosa("cqt", _OCTAVES),
        _nnaudio("CQT1992v2", "cqt"),
        _nnaudio("CQT2010v2", "cqt_by_octaves", "clips downsampled octave by octave"),
    ],
    "vqt": [
        _librosa("vqt", _OCTAVES),
        _nnaudio("VQT", "vqt", "clips downsampled octave by octave, kernels of another length"),
    ],
    "chroma": [_librosa("chroma")],
    "chroma_cqt": [_librosa("chroma_cqt", f"its CQT: {_OCTAVES}")],
    "pcen": [_librosa("pcen")],
    "spectral_centroid": [
        _librosa("spectral_centroid"),
        _torchaudio("spectral_centroid", "NaN for silent frames"),
        _essentia("spectral_centroid"),
    ],
    "spectral_bandwidth": [_librosa("spectral_bandwidth")],
    "spectral_rolloff": [
        _librosa("spectral_rolloff"),
        _essentia("spectral_rolloff", "of the power, not the magnitude"),
    ],
    "spectral_flatness": [_librosa("spectral_flatness"), _essentia("spectral_flatness")],
    "spectral_contrast": [_librosa("spectral_contrast")],
    "zero_crossing_rate": [_librosa("zero_crossing_rate"), _essentia("zero_crossing_rate")],
    "rms": [_librosa("rms"), _essentia("rms")],
    "delta": [
        _librosa("delta"),
        _torchaudio("delta", "edge frames repeated; the second derivative is that of the first"),
    ],
}


def find_peers(name: str) -> list[Peer]:
    """The peers of one front-end, whether they can be imported here or not."""
    return PEERS.get(name, [])
