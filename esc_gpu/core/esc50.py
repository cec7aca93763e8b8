"""ESC-50: its classes, those of its part ESC-10, and its files (Piczak, ACM Multimedia 2015)."""

import re
from pathlib import PurePosixPath

TABLE, AUDIO = "meta/esc50.csv", "audio"  # below the folder of the recordings
SYNTHETIC = "meta/synthetic.json"  # beside the table of the synthetic recordings, which have this layout
COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")  # of the table

CATEGORIES = {  # the classes in the order of their targets, ten in each category
    "Animals": ("dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow"),
    "Natural soundscapes & water sounds": (
        *("rain", "sea_waves", "crackling_fire", "crickets", "chirping_birds"),
        *("water_drops", "wind", "pouring_water", "toilet_flush", "thunderstorm"),
    ),
    "Human, non-speech sounds": (
        *("crying_baby", "sneezing", "clapping", "breathing", "coughing"),
        *("footsteps", "laughing", "brushing_teeth", "snoring", "drinking_sipping"),
    ),
    "Interior/domestic sounds": (
        *("door_wood_knock", "mouse_click", "keyboard_typing", "door_wood_creaks", "can_opening"),
        *("washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick", "glass_breaking"),
    ),
    "Exterior/urban noises": (
        *("helicopter", "chainsaw", "siren", "car_horn", "engine"),
        *("train", "church_bells", "airplane", "fireworks", "hand_saw"),
    ),
}
ESC50 = tuple(name for names in CATEGORIES.values() for name in names)  # a class's position is its target
ESC10 = (
    *("dog", "rooster", "rain", "sea_waves", "crackling_fire"),
    *("crying_baby", "sneezing", "clock_tick", "helicopter", "chainsaw"),
)


NAME = re.compile(r"([1-5])-\d+-[A-Z]-(\d+)")  # FOLD-SOURCE-TAKE-TARGET, before the ending


def has_official_name(file: str, fold: int, class_name: str) -> bool:
    """Whether a file is called as ESC-50 calls a recording of this fold and class."""
    match = NAME.fullmatch(PurePosixPath(file).stem)
    return match is not None and int(match[1]) == fold and ESC50[int(match[2]) : int(match[2]) + 1] == (class_name,)


def category_of(target: int) -> str:
    """The category of a target, "Other" for one that ESC-50 does not have."""
    return tuple(CATEGORIES)[target // 10] if 0 <= target < len(ESC50) else "Other"
