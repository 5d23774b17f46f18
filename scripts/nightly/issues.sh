#!/usr/bin/env bash
# Opens one GitHub issue for each finding of a soak, or tells the one that there is of this night. The title begins with the
# fingerprint, by which it is found again. It needs gh with GH_TOKEN, and jq; the folder is that of 'racewindow soak merge'.
set -euo pipefail
folder=${1:?the folder of a soak}
summary="$folder/summary.json"
[ -f "$summary" ] || { echo "$summary is missing: the campaign left no summary" >&2; exit 3; }

# A fingerprint is eight letters and digits, and nothing else is ever put into a path or a search.
jq -r '.state.findings[]? | select(.gone != true) | .fingerprint | select(test("^[0-9a-f]{8}$"))' "$summary" | while read -r print; do
  body=$(mktemp)
  finding() { jq -r --arg print "$print" ".state.findings[\$print].$1 // empty" "$summary"; }
  {
    if [ -f "$folder/findings/$print/report.md" ]; then
      head -c 40000 "$folder/findings/$print/report.md"
    else
      finding detail
    fi
    again="racewindow soak --round '$(finding round)'"
    [ -z "$(finding case)" ] || again="racewindow replay '$(finding case)'"
    printf '\n\nSeen %s times in %s rounds. Again:\n\n```\n%s\n```\n\n%s\n' "$(finding count)" "$(finding rounds)" "$again" "${RUN_URL:-}"
  } > "$body"
  number=$(gh issue list --state open --limit 1 --search "\"soak $print\" in:title" --json number --jq '.[0].number // empty')
  if [ -n "$number" ]; then
    gh issue comment "$number" --body-file "$body"
  else
    gh issue create --title "soak $print: $(finding class | tr -d '\r\n' | head -c 120)" --body-file "$body"
  fi
  rm -f "$body"
done
