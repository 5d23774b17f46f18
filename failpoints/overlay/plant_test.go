// Planted bugs: builds that hold them, and a tree that does not.

package overlay

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPlantedBugIsInOneBuildAndNowhereElse(t *testing.T) {
	t.Parallel()
	m := unpack(t, "plant")
	before := m.hash(t)
	plain := m.mustRun(t, "run", "./cmd")
	require.Contains(t, plain.stdout, "put/before store.go 15\nput/after store.go 17\nlength 1\n")

	planted := m.runCommand(Command{Verb: "run", Plant: []string{"bugs/lost.patch"}, Args: []string{"./cmd"}})
	require.Zero(t, planted.code, "%s", planted)
	require.Contains(t, planted.stdout, "put/before store.go 15\nput/planted lost.patch 11\nput/after store.go 17\nlength 0\n")
	r := m.runCommand(Command{Verb: "test", Plant: []string{"bugs/lost.patch"}, Args: []string{"./store"}})
	require.Equal(t, 1, r.code, "%s", r)
	require.Contains(t, r.stdout, "the value is lost")
	r = m.runCommand(Command{Verb: "test", Strip: true, Plant: []string{"bugs/lost.patch"}, Args: []string{"./store"}})
	require.Contains(t, r.stdout, "the value is lost", "%s", r)

	require.Equal(t, plain.stdout, m.mustRun(t, "run", "./cmd").stdout, "the next build holds the bug too")
	m.mustRun(t, "test", "./store")
	m.goCommand(t, "test", "./store")
	require.Equal(t, before, m.hash(t), "the source tree was touched")
	m.requireClean(t)
}

func TestLinesOfAPlantedFileKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	m := unpack(t, "plant")
	patches := []string{"bugs/lost.patch", "bugs/text.patch"}
	for _, order := range [][]string{patches, {patches[1], patches[0]}} {
		r := m.runCommand(Command{Verb: "run", Plant: order, Args: []string{"./cmd"}})
		require.Zero(t, r.code, "%s", r)
		require.Contains(t, r.stdout, "length 0\nfirst\nplanted\nsecond\nthird\n", "a directive stands in the raw string")
		require.Contains(t, r.stdout, "store/store.go 29\n", "%s", r)
		require.Contains(t, r.stdout, "put/planted lost.patch 11\nput/after store.go 17\n")
	}
	m.write(t, "bugs/panic.patch", strings.Replace(m.read(t, "bugs/lost.patch"), "	kept := s.values", "	kept := s.values[:9]", 1))
	for trim, name := range map[string]string{"-trimpath=false": m.dir + "/bugs/panic.patch:10", "-trimpath": "\tpanic.patch:10"} {
		r := m.runCommand(Command{Verb: "run", Plant: []string{"bugs/panic.patch"}, Args: []string{trim, "./cmd"}})
		require.NotZero(t, r.code)
		require.Contains(t, r.stderr, name, "%s", r)
	}
	m.write(t, "bugs/compile.patch", strings.Replace(m.read(t, "bugs/lost.patch"), "	kept := s.values", "	kept := undefined", 1))
	r := m.runCommand(Command{Verb: "build", Plant: []string{"bugs/compile.patch"}, Args: []string{"./store"}})
	require.NotZero(t, r.code)
	require.Contains(t, r.stderr, "bugs/compile.patch:10:10: undefined: undefined")
	m.write(t, "bugs/marker.patch", strings.Replace(m.read(t, "bugs/lost.patch"), "	failpoint.InjectCall(\"put/planted\"", "	defer failpoint.InjectCall(\"put/planted\"", 1))
	r = m.runCommand(Command{Verb: "build", Plant: []string{"bugs/marker.patch"}, Args: []string{"./store"}})
	require.Equal(t, ExitProblem, r.code)
	require.ErrorContains(t, r.err, "bugs/marker.patch:11: failpoint.InjectCall stands where no statement can stand")
}

// The patch is what git prints of an edit, and survives edits elsewhere in the file.
func TestAPatchOfGitIsPlantedWhereverItsLinesHaveMoved(t *testing.T) {
	t.Parallel()
	m := unpack(t, "plant")
	source := m.read(t, "store/store.go")
	git := func(args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = m.dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.Output()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	git("init", "-q")
	git("add", "store")
	m.write(t, "store/store.go", strings.NewReplacer("append(s.values, value)", "append(s.values[:0:0], value, value)",
		"len(s.values) }", "len(s.values) + 5 }").Replace(source))
	m.write(t, "bugs/git.patch", git("diff"))
	for name, edited := range map[string]string{
		"as it was":      source,
		"moved down":     strings.Replace(source, "\n// A Store", "\nvar more = 1\n\nvar evenMore = more\n\n// A Store", 1),
		"moved up":       strings.Replace(source, "// Text is a raw string in which no directive may stand.\nfunc Text() string { return text }\n", "func Text() string { return text }\n", 1),
		"no newline end": strings.TrimSuffix(source, "\n") + "\n\nvar last = 1",
	} {
		m.write(t, "store/store.go", edited)
		r := m.runCommand(Command{Verb: "run", Plant: []string{"bugs/git.patch"}, Args: []string{"./cmd"}})
		require.Zero(t, r.code, "%s: %s", name, r)
		require.Contains(t, r.stdout, "length 7\n", name)
		require.Equal(t, edited, m.read(t, "store/store.go"))
	}
}

// patchOf is a patch of one file with one hunk for each text; it computes the counts. The first line of a hunk is its
// position.
func patchOf(name string, hunks ...string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "diff --git a/%[1]s b/%[1]s\n--- a/%[1]s\n+++ b/%[1]s\n", name)
	for _, h := range hunks {
		position, body, _ := strings.Cut(h, "\n")
		old, planted := 0, 0
		for _, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
			if line == "" || line[0] != '+' {
				old++
			}
			if line == "" || line[0] != '-' {
				planted++
			}
		}
		fmt.Fprintf(&out, "@@ -%s,%d +%s,%d @@\n%s\n", position, old, position, planted, strings.TrimSuffix(body, "\n"))
	}
	return out.String()
}

// refusals are patches that cannot be planted. The message about each must name the patch, the file, the hunk and the remedy.
var refusals = []struct{ name, patch, want, remedy string }{
	{
		"no longer applies", patchOf("store/store.go", "14\n func (s *Store) Put(ctx context.Context, value int) {\n-\treturn\n"),
		`x.patch:4: store/store.go, hunk @@ -14,2 +14,1 @@: it no longer applies: ` +
			`line 15 is "failpoint.InjectCall(\"put/before\", ctx)", where the patch has "return"`, "git diff > bug.patch",
	},
	{
		"made for a longer file", patchOf("store/store.go", "900\n func Gone() {\n-\treturn\n"),
		"the file has 51 lines, and the hunk was made for line 900", "git diff > bug.patch",
	},
	{
		"goes on behind the end", patchOf("store/store.go", "51\n func (s *Store) Len() int { return len(s.values) }\n-more\n"),
		"it no longer applies: the file ends there", "git diff > bug.patch",
	},
	{
		"is in the tree already", patchOf("store/store.go", "15\n \tfailpoint.InjectCall(\"put/before\", ctx)\n+\ts.values = append(s.values, value)\n \tfailpoint.InjectCall(\"put/after\", ctx)\n"),
		"x.patch:4: store/store.go, hunk @@ -15,2 +15,3 @@: the tree already holds this change", "git checkout store/store.go",
	},
	{
		"is ambiguous", patchOf("store/store.go", "37\n \tn += 2\n-\tn += 3\n \tn += 4\n"),
		"x.patch:4: store/store.go, hunk @@ -37,3 +37,2 @@: it is ambiguous, because it fits at lines 36 and 44", "git diff -U10",
	},
	{
		"has hunks in the wrong order", patchOf("store/store.go", "51\n func (s *Store) Len() int { return len(s.values) }\n+// end\n",
			"12\n type Store struct{ values []int }\n+// start\n"), "x.patch:", "git diff > bug.patch",
	},
	{
		"has no context", patchOf("store/store.go", "12\n+// planted\n"),
		"x.patch:4: store/store.go: the hunk @@ -12,0 +12,1 @@ has no context", "at least one line of context",
	},
	{"is empty", "", "x.patch:1: the patch is empty", "change a file"},
	{"holds no diff", "only text\n", "x.patch:1: the patch is empty", "change a file"},
	{
		"is cut off", strings.TrimSuffix(patchOf("store/store.go", "12\n type Store struct{ values []int }\n+// a\n"), "+// a\n"),
		"x.patch:1: this is no patch: ", "git diff > bug.patch",
	},
	{
		"changes nothing", patchOf("store/store.go", "12\n-type Store struct{ values []int }\n+type Store struct{ values []int }\n"),
		"x.patch:4: store/store.go: the patch is empty: it changes nothing", "change something",
	},
	{
		"leads out of the module", patchOf("../store.go", "1\n-a\n+b\n"),
		"x.patch:4: ../store.go lies outside of the module in ", "git diff --relative",
	},
	{
		"names another file of the machine", "--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n",
		"x.patch:3: /etc/passwd lies outside of the module in ", "git diff --relative",
	},
	{
		"names no file", patchOf("store/nowhere.go", "1\n-a\n+b\n"),
		"x.patch:4: store/nowhere.go does not exist in the module in ", "git diff --relative",
	},
	{
		"is of a package that is not built", patchOf("aside/aside.go", "1\n-package aside\n+package asides\n"),
		"x.patch:4: aside/aside.go is no Go file of this build (./store)", "name a package that it belongs to",
	},
	{
		"is of a file for another system", patchOf("store/other_plan9.go", "3\n-const other = 1\n+const other = 2\n"),
		"x.patch:4: store/other_plan9.go is no Go file of this build", "name a package",
	},
	{
		"is of a test, which is not built", patchOf("store/store_test.go", "1\n-package store\n+package stores\n"),
		"x.patch:4: store/store_test.go is no Go file of this build", "racewindow test only",
	},
	{"is of no Go file", patchOf("go.mod", "1\n-module example.com/plant\n+module example.com/planted\n"), "x.patch:4: go.mod is no Go file", "name a package"},
	{
		"makes a file", "diff --git a/n.go b/n.go\nnew file mode 100644\n--- /dev/null\n+++ b/n.go\n@@ -0,0 +1 @@\n+package n\n",
		"n.go is a new file", "plant a change of the text",
	},
	{
		"deletes a file", "diff --git a/n.go b/n.go\ndeleted file mode 100644\n--- a/n.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-package n\n",
		"n.go is deleted", "plant a change of the text",
	},
	{
		"moves a file", "diff --git a/n.go b/o.go\nsimilarity index 100%\nrename from n.go\nrename to o.go\n",
		"n.go becomes o.go", "plant a change of the text",
	},
	{"changes a mode", "diff --git a/n.go b/n.go\nold mode 100644\nnew mode 100755\n", "n.go has no changed line", "plant a change of the text"},
	{"is binary", "diff --git a/n.bin b/n.bin\nindex 1..2 100644\nBinary files a/n.bin and b/n.bin differ\n", "n.bin is a binary file", "plant a change of the text"},
	{
		"is no Go", patchOf("store/store.go", "12\n type Store struct{ values []int }\n+type {\n"),
		"x.patch:6: expected 'IDENT', found '{'", "repair it until it compiles",
	},
	{
		"imports what the build does not contain", patchOf("store/store.go", "5\n \t\"runtime\"\n+\t_ \"example.com/plant/aside\"\n"),
		"the patch imports example.com/plant/aside, which this build does not contain", "name that package on the command line too",
	},
}

func TestAPatchThatCannotBePlantedSaysWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	m := unpack(t, "plant")
	for _, c := range refusals {
		m.write(t, "x.patch", c.patch)
		r := m.runCommand(Command{Verb: "build", Plant: []string{"x.patch"}, Args: []string{"./store"}})
		require.Equal(t, ExitProblem, r.code, "a patch that %s: %s", c.name, r)
		var refused *PlantError
		require.ErrorAs(t, r.err, &refused, c.name)
		require.ErrorContains(t, r.err, c.want, c.name)
		require.ErrorContains(t, r.err, c.remedy, c.name)
	}
	m.requireClean(t)
}

func TestAllThatIsWrongWithPatchesIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	m := unpack(t, "plant")
	m.write(t, "x.patch", refusals[0].patch+patchOf("store/nowhere.go", "1\n-a\n+b\n"))
	m.write(t, "y.patch", "")
	r := m.runCommand(Command{Verb: "build", Plant: []string{"y.patch", "x.patch"}, Args: []string{"./store"}})
	var refused *PlantError
	require.ErrorAs(t, r.err, &refused)
	require.Len(t, refused.Problems, 3)
	require.Equal(t, "x.patch", refused.Problems[0].File)
	require.Equal(t, "y.patch", refused.Problems[2].File)
}

func TestPlantingIsRefusedWhereItCannotBeDone(t *testing.T) {
	t.Parallel()
	m := unpack(t, "plant")
	for want, c := range map[string]Command{
		"cannot read the patch of --plant": {Verb: "build", Plant: []string{"nowhere.patch"}, Args: []string{"./store"}},
		"-cover together with --plant":     {Verb: "test", Plant: []string{"bugs/lost.patch"}, Args: []string{"-cover", "./store"}},
	} {
		r := m.runCommand(c)
		require.Equal(t, ExitUsage, r.code, "%s", r)
		require.ErrorContains(t, r.err, want)
	}
	m.write(t, "go.work", "go 1.26.0\n\nuse ./inner\n")
	m.write(t, "inner/go.mod", "module example.com/inner\n\ngo 1.26.0\n")
	m.write(t, "inner/inner.go", "package inner\n")
	for _, around := range []string{"a module that the workspace does not use", "no module"} {
		r := m.runCommand(Command{
			Verb: "build", Plant: []string{"bugs/lost.patch"}, Args: []string{"./inner"},
			Env: append(m.env, "GOWORK="+filepath.Join(m.dir, "go.work"), "GOFLAGS="),
		})
		require.Equal(t, ExitUsage, r.code, "%s: %s", around, r)
		require.ErrorContains(t, r.err, "counts the paths of a patch from the root of a module", around)
		if around != "no module" {
			require.NoError(t, os.Rename(m.dir+"/go.mod", m.dir+"/go.mod.aside"))
		}
	}
}

func TestAPatchOfAnotherDiffAndOneOfCommandLineFilesArePlanted(t *testing.T) {
	t.Parallel()
	m := unpack(t, "plant")
	// No git header, CR LF in the file, and the last line without its newline.
	m.write(t, "crlf/main.go", "package main\r\n\r\nfunc main() { println(1) }")
	m.write(t, "crlf.patch", "--- a/crlf/main.go\n+++ b/crlf/main.go\n@@ -1,3 +1,3 @@\n package main\r\n \r\n-func main() { println(1) }\n"+
		"\\ No newline at end of file\n+func main() { println(2) }\n\\ No newline at end of file\n")
	r := m.runCommand(Command{Verb: "run", Plant: []string{"crlf.patch"}, Args: []string{"crlf/main.go"}})
	require.Zero(t, r.code, "%s", r)
	require.Equal(t, "racewindow: no failpoint markers in crlf/main.go: nothing to instrument\n2\n", r.stderr)
}

// Every patch is either planted exactly as it is written, or refused.
func FuzzPatchesApplyAsTheySayOrAreRefused(f *testing.F) {
	const file = "package p\n\nvar a = 1\n\nvar b = 2\n\nvar c = `\nraw\n`\n"
	for _, c := range refusals {
		f.Add(c.patch, file)
	}
	f.Add(patchOf("p.go", "3\n-var a = 1\n+var a = 2\n", "7\n var c = `\n+more\n raw\n"), file)
	f.Fuzz(func(t *testing.T, text, content string) {
		p, err := parsePatch("x.patch", []byte(text))
		if err != nil {
			var problems Problems
			require.True(t, errors.As(err, &problems) && len(problems) > 0, "%v", err)
			return
		}
		b := &build{g: &goCommand{inv: &invocation{}}}
		for _, change := range p.files {
			requirePlanted(t, b, p, change, &sourceFile{path: "/p.go", original: []byte(content), content: []byte(content)})
		}
	})
}

// requirePlanted plants what fits, removes it by hand, and compares the lines.
func requirePlanted(t *testing.T, b *build, p *patch, change *patchedFile, f *sourceFile) {
	places, problems := change.places(p, f.authored())
	if len(problems) > 0 {
		return
	}
	before := string(f.content)
	f.lines = b.edit(p, change, f.authored(), places)
	patchLines := strings.SplitAfter(p.text, "\n")
	var kept strings.Builder
	for _, l := range f.lines {
		if l.file != "" {
			require.Equal(t, strings.TrimSuffix(l.text, "\n"), strings.TrimSuffix(patchLines[l.line-1], "\n")[1:], "the line's place in the patch")
			continue
		}
		require.Equal(t, strings.SplitAfter(before, "\n")[l.line-1], l.text, "the line's place in the file")
		kept.WriteString(l.text)
	}
	after := joined(f.lines)
	directed := string(f.directed("/p.go", []byte(after)))
	var without strings.Builder
	for _, line := range strings.SplitAfter(directed, "\n") {
		if !strings.HasPrefix(line, "//line ") {
			without.WriteString(line)
		}
	}
	if !strings.Contains(before+p.text, "//line ") {
		require.Equal(t, after, without.String(), "directives add lines and change none")
	}
}
