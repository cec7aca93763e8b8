"""Under which licence the recordings of ESC-50 are."""

from esc_gpu.data.recordings.base import Recordings

ESC10 = {
    *("dog", "rooster", "rain", "sea_waves", "crackling_fire"),
    *("crying_baby", "sneezing", "clock_tick", "helicopter", "chainsaw"),
}
ESC50 = ESC10 | {
    *("pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow"),
    *("crickets", "chirping_birds", "water_drops", "wind", "pouring_water", "toilet_flush", "thunderstorm"),
    *("clapping", "breathing", "coughing", "footsteps", "laughing", "brushing_teeth", "snoring", "drinking_sipping"),
    *("door_wood_knock", "mouse_click", "keyboard_typing", "door_wood_creaks", "can_opening", "washing_machine"),
    *("vacuum_cleaner", "clock_alarm", "glass_breaking"),
    *("siren", "car_horn", "engine", "train", "church_bells", "airplane", "fireworks", "hand_saw"),
}


def recordings_licence(recordings: Recordings) -> str | None:
    """The licence of ESC-10, of other classes of ESC-50, or None for recordings of another origin.

    ESC-50 is known by its layout and the names of its classes; synthetic recordings in that layout have their
    settings beside its csv.
    """
    in_layout = recordings.audio == recordings.root / "audio"
    classes = set(recordings.class_names)
    if not in_layout or not classes <= ESC50 or (recordings.root / "meta" / "synthetic.json").exists():
        return None
    return "CC BY 3.0" if classes <= ESC10 else "CC BY-NC 3.0"
