"""Files and stages that the graph's own machinery is made of."""

GRAPH = "dvc.yaml"
CODE = "stages/code.json"
LOCK = "envs/core.lock"
# DVC takes no dvc.yaml as a dependency; through this link the stage that checks the generated files follows it.
LINK = "stages/written"
# That stage, which only DVC has, and what it writes; every stage that reads no other stage's output waits for it.
GUARD = "graph"
CHECKED = "results/graph.json"
