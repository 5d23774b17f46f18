package plain

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTestsOfAPackageAreToldApartByWhatTheyUse(t *testing.T) {
	t.Parallel()
	p := Package{Dir: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "a_test.go"), []byte(`package p

import "github.com/racewindow/racewindow/harness"

func subject() harness.Subject[int] { return harness.Subject[int]{} }
func check(t *testing.T)            { harness.Check(t, subject()) }

func TestDirect(t *testing.T)    { harness.Check(t, harness.Subject[int]{}) }
func TestIndirect(t *testing.T)  { check(t) }
func TestElsewhere(t *testing.T) { suite.Run(t, subject()) }
func TestOrdinary(t *testing.T)  {}
func TestLoses(t *testing.T)     { lose(t) }

func lose(t *testing.T) { harness.LosePower(t, "", func(string, []int) error { return nil }) }
`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "b_test.go"), []byte(`package p

import . "github.com/racewindow/racewindow/harness"

func TestDot(t *testing.T) { Check(t, Subject[int]{}) }
`), 0o600))
	require.NoError(t, p.read([]string{"a_test.go", "b_test.go"}))
	require.Equal(t, []string{"TestDirect", "TestIndirect"}, p.Checks)
	require.Equal(t, []string{"TestElsewhere", "TestOrdinary", "TestLoses", "TestDot"}, p.Tests)
	require.Equal(t, []string{"TestOrdinary", "TestLoses"}, p.Strangers)
	require.Equal(t, []string{"TestLoses"}, p.Losers)
}

// Its package alone does not build then; the others are explored.
func TestASyntaxErrorIsAMatterOfItsPackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":         "module example.com/m\n\ngo 1.25\n",
		"bad/a_test.go":  "package bad\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { for {\n",
		"good/a_test.go": "package good\n\nimport \"testing\"\n\nfunc TestGood(t *testing.T) {}\n",
		"none/a_test.go": "package none\n\nfunc f() { for {\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	all, err := List(t.Context(), dir, nil, nil, []string{"./bad", "./good"})
	require.NoError(t, err)
	require.Equal(t, []string{"TestBad"}, all[0].Tests)
	require.Equal(t, []string{"TestGood"}, all[1].Tests)
	err = session(t, dir).Explore(t.Context(), all[0])
	require.ErrorContains(t, err, "the tests of example.com/m/bad cannot be built:\n")
	require.ErrorContains(t, err, "a_test.go:5:")

	_, err = List(t.Context(), dir, nil, nil, []string{"./good", "./none"})
	require.ErrorContains(t, err, "expected '}'", "nobody knows which tests it has")
	_, err = List(t.Context(), dir, nil, nil, []string{"good"})
	require.ErrorContains(t, err, "; did you mean ./good?")
	_, err = List(t.Context(), dir, nil, nil, []string{"good/a_test.go"})
	require.ErrorContains(t, err, "files were named: name their package, "+filepath.Join(dir, "good"))
}

func TestWhatTestsAreBuiltFromIsListed(t *testing.T) {
	t.Parallel()
	linked, err := Linked(t.Context(), copied(t, "classics"), nil, nil, []string{"."})
	require.NoError(t, err)
	require.Contains(t, linked, "example.com/classics")
	require.Contains(t, linked, "sync/atomic")
	require.NotContains(t, linked, "example.com/other")
	require.IsIncreasing(t, linked, "each once")
}

// What was found in a dependency was written into the module cache, whose files others have too.
func TestNothingIsKeptInAFolderThatIsNotTheUsers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                       "module example.com/m\n\ngo 1.25\n\nrequire (\n\texample.com/far v1.0.0\n\texample.com/near v1.0.0\n)\n\nreplace example.com/near => ./near\n",
		"a_test.go":                    "package m\n",
		"a.go":                         "package m\n\nimport (\n\t_ \"example.com/far\"\n\t_ \"example.com/near\"\n)\n",
		"near/go.mod":                  "module example.com/near\n\ngo 1.25\n",
		"near/a.go":                    "package near\n",
		"vendor/example.com/far/a.go":  "package far\n",
		"vendor/example.com/near/a.go": "package near\n",
		"vendor/modules.txt":           "# example.com/far v1.0.0\n## explicit; go 1.25\nexample.com/far\n# example.com/near v1.0.0 => ./near\n## explicit; go 1.25\nexample.com/near\n# example.com/near => ./near\n",
		"cache/far@v1.0.0/go.mod":      "module example.com/far\n\ngo 1.25\n",
		"cache/far@v1.0.0/a.go":        "package far\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	env := append(os.Environ(), "GOFLAGS=-mod=vendor")
	for where, want := range map[string]struct{ folder, pattern, foreign string }{
		"the user's module":             {"", ".", ""},
		"Go":                            {"", "errors", "it is Go's"},
		"a vendor folder":               {"", "example.com/far", "it belongs to the module example.com/far@v1.0.0"},
		"a module of the cache":         {"cache/far@v1.0.0", ".", "it lies in a module cache"},
		"a folder by replace, vendored": {"", "example.com/near", "it is vendored"},
	} {
		var own []string
		if where != "a module of the cache" {
			own = env
		}
		all, err := List(t.Context(), filepath.Join(dir, want.folder), own, nil, []string{want.pattern})
		require.NoError(t, err, where)
		require.Equal(t, want.foreign, all[0].Foreign, where)
		_, err = all[0].Keep(Token{Test: "TestX"}, "TestX")
		if want.foreign != "" {
			require.ErrorContains(t, err, "what is found in "+all[0].ImportPath+" is not kept in its folder, because "+want.foreign, where)
			require.NoDirExists(t, filepath.Join(all[0].Dir, "testdata"))
		} else {
			require.NoError(t, err)
		}
	}
}

// A kept finding was the data of the next test, which failed, also under go test.
func TestNothingIsKeptWhereTestsReadAllOfTestdata(t *testing.T) {
	t.Parallel()
	for body, reads := range map[string]bool{
		`datadriven.Walk(t, "testdata", nil)`:         true,
		`os.ReadDir("./testdata/")`:                   true,
		"filepath.Glob(`testdata/*`)":                 true,
		`filepath.Glob("testdata/*.txt")`:             false,
		`os.ReadFile(filepath.Join("testdata", "a"))`: false,
		`os.ReadDir("testdata/rows")`:                 false,
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/m\n\ngo 1.25\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a_test.go"), []byte("package m\n\nfunc TestX(t *testing.T) {\n\t"+body+"\n}\n"), 0o600))
		all, err := List(t.Context(), dir, nil, nil, []string{"."})
		require.NoError(t, err)
		_, err = all[0].Keep(Token{Test: "TestX"}, "TestX")
		if reads {
			require.ErrorContains(t, err, "is not kept in its folder, because its tests read all of testdata (a_test.go:4)", body)
			require.NoDirExists(t, filepath.Join(dir, "testdata"))
		} else {
			require.NoError(t, err, body)
		}
	}
}
