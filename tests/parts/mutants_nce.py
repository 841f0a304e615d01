"""Forty single faults of the contrastive losses: (file, text, what stands there instead)."""

MUTANTS = [
    # the weights
    ("transport", 'sign = 1.0 if weighting.direction == "hard"', 'sign = 1.0 if weighting.direction == "easy"'),
    ("transport", "-math.log(max(count - 1, 1))", "-math.log(count)"),
    ("transport", "weighting).log_softmax(2)", "weighting).log_softmax(1)"),
    ("transport", "return weights.masked_fill(on_diagonal(weights), -torch.inf)", "return weights"),
    ("transport", 'similarity.detach() if weighting.gradient == "detach" else similarity', "similarity"),
    ("transport", "kernel = sign / weighting.beta * similarity\n", "kernel = sign * weighting.beta * similarity\n"),
    ("transport", "(-sign / weighting.beta * similarity)", "(sign / weighting.beta * similarity)"),
    ("transport", "exponent.amax((1, 2), keepdim=True)", "exponent.amax(2, keepdim=True)"),
    ("transport", ".exp() / weighting.ot_eps", ".exp() / weighting.beta"),
    ("transport", "RELEASED_DIAGONAL / weighting.beta if", "RELEASED_DIAGONAL if"),
    (
        "transport",
        "kernel = gate * (sign / weighting.beta * (similarity - threshold))",
        "kernel = gate * (sign / weighting.beta * similarity)",
    ),
    # its iterations
    ("transport", "PLAIN_FROM = 0.05", "PLAIN_FROM = 0.005"),
    (
        "transport",
        "u = 1 / (ratio @ v)\n            v = 1 / (ratio.transpose(1, 2) @ u)",
        "v = 1 / (ratio.transpose(1, 2) @ u)\n            u = 1 / (ratio @ v)",
    ),
    ("transport", "v = 1 / (ratio.transpose(1, 2) @ u)", "v = 1 / (ratio @ u)"),
    (
        "transport",
        "rows = -(kernel + columns).logsumexp(2, keepdim=True)",
        "rows = (kernel + columns).logsumexp(2, keepdim=True)",
    ),
    (
        "transport",
        "columns = -(kernel + rows).logsumexp(1, keepdim=True)",
        "columns = -(kernel + columns).logsumexp(1, keepdim=True)",
    ),
    # its implicit gradient
    ("transport", "columns - turned @ rows)", "columns + turned @ rows)"),
    ("transport", "a = rows - plan @ b", "a = rows - turned @ b"),
    ("transport", "mass - plan * (a + b.transpose(1, 2))", "mass - plan * (a.transpose(1, 2) + b)"),
    ("transport", "exp().sum(2) - 1).abs()", "exp().sum(1) - 1).abs()"),
    # the loss
    ("patch_nce", "full_precision(keys.detach())", "full_precision(keys)"),
    ("patch_nce", "unit(queries) @ unit(keys).transpose(1, 2)", "unit(keys) @ unit(queries).transpose(1, 2)"),
    (
        "patch_nce",
        "math.log(similarity.shape[1] - 1) + math.log(negative_weight)",
        "math.log(similarity.shape[1]) + math.log(negative_weight)",
    ),
    ("patch_nce", " + math.log(negative_weight)\n", "\n"),
    (
        "patch_nce",
        "-F.logsigmoid(positive / temperature - negatives)",
        "-F.logsigmoid(negatives - positive / temperature)",
    ),
    (
        "patch_nce",
        "(similarity / temperature + weights + scale).logsumexp(2)",
        "(similarity / temperature + weights + scale).logsumexp(1)",
    ),
    ("patch_nce", "(weighting.patches - 1) * negative_weight", "weighting.patches * negative_weight"),
    (
        "patch_nce",
        "parts = found.split([len(matrices[layer]) for layer in members])",
        "parts = found.split([len(matrices[layer]) for layer in members])[::-1]",
    ),
    ("patch_nce", "return Forces(-own, push,", "return Forces(own, push,"),
    # the gate
    ("topk", "offset = math.log(count / (size - count)) / slope", "offset = math.log((size - count) / count) / slope"),
    ("topk", "slope = 2 * (highest", "slope = (highest"),
    ("topk", "threshold = threshold + (pull", "threshold = threshold - (pull"),
    (
        "topk",
        "values[..., count - 1 : count] + values[..., count : count + 1]",
        "values[..., count - 1 : count] + values[..., count - 1 : count]",
    ),
    ("topk", "count = weighting.share * negatives.shape[-1]", "count = weighting.share * similarity.shape[-1]"),
    # between feature maps
    (
        "self_similarity",
        "(features - features.mean((2, 3), keepdim=True))",
        "(features - features.mean(1, keepdim=True))",
    ),
    ("self_similarity", "// KEPT, None]", "// KEPT - 1, None]"),
    ("self_similarity", "low = made < least", "low = source < least"),
    (
        "self_similarity",
        "((source, positive), (source, other), (positive, other))",
        "((source, positive), (source, other), (source, other))",
    ),
    ("matching", "zip(left[:-1], right[:-1], strict=True)", "zip(left, right, strict=True)"),
    ("matching", "distance.amin(2, keepdim=True)", "distance.amin(1, keepdim=True)"),
]
