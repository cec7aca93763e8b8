"""The tables of a comparison of front-ends, of variants of a training, and of a recipe without its parts."""

from benchmarks.common.markdown import heading, line, literal, number
from esc_gpu.core.text import escape
from esc_gpu.report.tables import counted, mean_and_spread, numbered, p_value, percent, percent_range

LOSS_NOTE = " The loss is in nats, with each fold's probabilities at the temperature that makes it smallest."
ROWS_ARE = {"comparison": "front-end", "ablation": "without", "variants": "variant"}


def accuracy_table(result: dict[str, object]) -> list[str]:
    """A line a row, in the order of the plan, with its difference to the first; then how it was made."""
    kind, is_ablation = result["kind"], result["kind"] == "ablation"
    first, rows = result["reference"], result["rows"]
    microseconds = {row["name"]: row["us_per_clip"]["median"] for row in (result["cost"] or {"rows": []})["rows"]}
    columns = [ROWS_ARE[kind]]
    columns += ["µs a clip"] if microseconds else []
    # Options are chosen by the loss as well, which says more of a few clips; results made earlier do not have it.
    has_loss = result["protocol"]["validation"] and all("loss" in row for row in rows)
    columns += ["accuracy", *(["loss"] if has_loss else []), *([] if is_ablation else ["seeds (± std)"])]
    columns += ["effect" if is_ablation else f"difference to {escape(first)}", p_heading(result)]
    lines = heading(*columns)
    for row in rows:
        cells = [escape(row["name"])]
        cells += [number(microseconds[row["name"]])] if microseconds else []
        cells += [mean_and_spread(row["over_folds"]["accuracy"])]
        cells += [spread(row["loss"])] if has_loss else []
        cells += [] if is_ablation else [seeds_cell(row)]
        lines.append(line(*cells, *difference_cells(row["against_reference"])))
    notes = [protocol_note(result), difference_note(result), options_note(result), cost_note(result["cost"])]
    return [*lines, "", *warnings(result), " ".join(note for note in notes if note)]


def p_heading(result: dict[str, object]) -> str:
    """Names the seed where there are several: the p is of one model of each row, the difference of all."""
    tested = tested_seeds(result)
    several = any(len(row["seeds"]) > 1 for row in result["rows"])
    return f"p (Holm), seed {', '.join(map(str, tested))}" if several and tested else "p (Holm)"


def tested_seeds(result: dict[str, object]) -> list[int]:
    """Of McNemar's tests, which take one run of each row."""
    pairs = [row["against_reference"] for row in result["rows"] if row["against_reference"] is not None]
    return sorted({seed for pair in pairs for seed in pair["seeds"]})


def spread(loss: dict[str, float | None]) -> str:
    """Mean ± standard deviation, in nats."""
    return f"{loss['mean']:.3f}" + ("" if loss["std"] is None else f" ± {loss['std']:.3f}")


def seeds_cell(row: dict[str, object]) -> str:
    """How many, and the standard deviation over them."""
    spread = row["over_seeds"]["accuracy"]["std"]
    return str(len(row["seeds"])) + ("" if spread is None else f" (± {percent(spread)})")


def difference_cells(pair: dict[str, object] | None) -> list[str]:
    """Points with their interval, and p."""
    if pair is None:
        return ["–", "–"]
    return [
        f"{percent(pair['difference'], sign='+')} [{percent_range(pair, '+')}]",
        literal(p_value(pair["p_holm"])),
    ]


def warnings(result: dict[str, object]) -> list[str]:
    """That no row was tested, that rows are missing or made in different ways, ahead of all else."""
    notes = []
    if result["protocol"]["validation"]:
        notes += [
            "**Validation, no test results:** each fold was held out of the training of a model for the next one."
        ]
    if not result["complete"]:
        notes += ["**Not complete:** further rows or seeds are to be trained."]
    if result["differing"]:
        names = ", ".join(name.replace("_", " ") for name in result["differing"])
        notes += [f"**Not all made alike:** the runs differ in {names}."]
    return [text for note in notes for text in (note, "")]


def protocol_note(result: dict[str, object]) -> str:
    """What was trained, in a sentence."""
    protocol, data = result["protocol"], result["data"]
    return (
        f"{counted(data['clips'], 'clip')}, {data['classes']} classes; {counted(protocol['epochs'], 'epoch')}, "
        f"the last checkpoint, {numbered('fold', protocol['folds'])}, {numbered('seed', protocol['seeds'])}. "
        "The accuracy is in percent: the mean over folds and seeds ± the standard deviation over the folds."
        + (LOSS_NOTE if protocol["validation"] and all("loss" in row for row in result["rows"]) else "")
    )


def difference_note(result: dict[str, object]) -> str:
    """What interval and p are of."""
    pairs = [row["against_reference"] for row in result["rows"] if row["against_reference"] is not None]
    if not pairs:
        return ""
    bootstrap = result["bootstrap"]
    return (
        "Differences are in points. Their 95 % intervals come from a BCa bootstrap over all seeds, with "
        f"{counted(bootstrap['resamples'], 'resample')} of {counted(bootstrap['units'], bootstrap['unit'])}. p comes "
        f"from McNemar's exact test on seed {', '.join(map(str, tested_seeds(result)))}, adjusted for "
        f"{counted(len(pairs), 'row')}. Each interval applies to one row and to the models that were trained; it does "
        "not cover other seeds."
    )


def options_note(result: dict[str, object]) -> str:
    """Where a row is trained by other options than the first; an ablation's are in its names.

    Those of the front-end are told of variants, which share one.
    """
    if result["kind"] == "ablation":
        return ""
    first = result["rows"][0]["frontend_options"]
    sentences = []
    for row in result["rows"]:
        options = dict(row["options"])
        if result["kind"] == "variants":
            own = row["frontend_options"].items()
            options |= {f"frontend.{name}": value for name, value in own if value != first.get(name)}
        if options:
            told = ", ".join(f"{name}={value}" for name, value in options.items())
            sentences.append(f"{escape(row['name'])} also has {told}.")
    return " ".join(sentences)


def cost_note(cost: dict[str, object] | None) -> str:
    """What the microseconds are of."""
    if cost is None:
        return ""
    seconds = ", ".join(f"{seconds:g}" for seconds in sorted({row["clip_seconds"] for row in cost["rows"]}))
    timed = "forward and backward of the whole model" if cost.get("of_steps") else "the front-end alone"
    hardware = cost["environment"]["gpu"]["name"] if cost["device"] == "cuda" else cost["environment"]["cpu"]
    return (
        f"µs a clip: {timed}, batches of {cost['batch']} clips of {seconds} s, "
        f"median of {cost['rounds']} turns; {hardware}, CPU threads: {cost['environment']['threads']}."
    )
