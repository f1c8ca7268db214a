# The sum of closing lines: "12 passed, 1 skipped in 3.4 s" (pytest, tools/style), "100% tests passed, 0 tests failed out of 95" (ctest).
{
  for (i = 2; i <= NF; i++) {
    word = $i
    sub(/,$/, "", word)
    if (word ~ /^(passed|failed|skipped|errors?)$/ && $(i - 1) ~ /^[0-9]+$/) n[word ~ /^error/ ? "failed" : word] += $(i - 1)
    if (word == "of" && $(i - 1) == "out") { n["failed"] += $(i - 4); n["passed"] += $(i + 1) - $(i - 4) }
  }
}
END { printf "%d passed, %d failed, %d skipped\n", n["passed"], n["failed"], n["skipped"] }
