// Coverage. The go command hands the cover tool the names of the files on disk, overlay or not, so a covered package
// would run uninstrumented. Here every tool is started through a small script that shows the cover tool the staged
// files; the files that no author wrote are taken out of the profile afterwards.

package overlay

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// coverScript replaces the cover tool's file arguments by the files of the stage where there are such.
const coverScript = `#!/bin/sh
tool=$1
shift
case $tool in
*/cover)
	for arg do
		shift
		if [ -f %[1]s"$arg" ]; then arg=%[1]s$arg; fi
		set -- "$@" "$arg"
	done
	;;
esac
exec "$tool" "$@"
`

func (s *stage) coverTool() string { return filepath.Join(s.dir, "tool.sh") }

func (s *stage) stageCoverTool(g *goCommand) error {
	if !g.inv.covers() {
		return nil
	}
	if strings.ContainsAny(s.dir, " '\"") {
		return usage("-cover needs a temporary folder without spaces and quotes in its name, not %s: set TMPDIR", s.dir)
	}
	if name := g.inv.flags["coverprofile"]; name != "" {
		dir := g.dir
		if out := g.inv.flags["outputdir"]; out != "" {
			dir = absolute(g.dir, out)
		}
		s.profile = absolute(dir, name)
	}
	return writeFile(s.coverTool(), fmt.Appendf(nil, coverScript, filepath.Join(s.dir, "src")))
}

// tidyCoverage takes the binding files out of the coverage profile: they exist nowhere, and the tools that show a
// profile would stop at them.
func (s *stage) tidyCoverage(inv *invocation) error {
	if s.profile == "" || s.file == "" || inv.flags["c"] == "true" {
		return nil
	}
	text, err := os.ReadFile(s.profile)
	if err != nil {
		return nil // no test ran, and the go command has said why
	}
	var kept strings.Builder
	for _, line := range strings.SplitAfter(string(text), "\n") {
		if !strings.Contains(line, "/"+bindingPrefix) {
			kept.WriteString(line)
		}
	}
	if kept.Len() == len(text) {
		return nil
	}
	if err := os.WriteFile(s.profile, []byte(kept.String()), 0o644); err != nil {
		return fmt.Errorf("take the added files out of %s: %w", s.profile, err)
	}
	return nil
}
