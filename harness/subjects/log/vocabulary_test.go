package log

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/storage"
)

// said has for each function, method and option of package storage the words of a case that use it. A word is an operation, or an
// option with its '='; "*" stands for every case.
var said = map[string]string{
	"Open":                  "*",
	"MemoryDisk":            "*",
	"HandoverByName":        "*",
	"Store.Log":             "handle",
	"Store.Close":           "closestore",
	"Store.Handles":         "other",
	"Log.Append":            "append",
	"Log.AppendDurable":     "appenddurable",
	"Log.AppendAt":          "appendat",
	"Log.Begin":             "fragments",
	"Log.Flush":             "flush",
	"Log.Read":              "read",
	"Log.Visible":           "visible",
	"Log.Durable":           "durable",
	"Log.Close":             "close",
	"Log.Handle":            "handle",
	"Transaction.Add":       "fragments",
	"Transaction.Commit":    "spent",
	"Transaction.Abort":     "abort",
	"Transaction.Tx":        "spent",
	"Options.Handover":      "*",
	"Options.Disk":          "*",
	"Options.ArenaBytes":    "arena=",
	"Options.FlushBytes":    "flush=",
	"Options.FlushInterval": "interval=",
	"Options.TailBytes":     "tail=",
	"Options.CacheBytes":    "cache=",
	"Options.ChunkBytes":    "chunk=",
	"Options.SegmentBytes":  "segment=",
	"Options.MaxValueBytes": "value=",
	"Options.NoSync":        "sync=",
}

// unsaid are the functions and options that no case can use, with the reason.
var unsaid = map[string]string{
	"Options.Create":     "A case lies on a disk in memory, which has no folder to make; kill and stress on a real disk make one.",
	"OSDisk":             "A schedule that waits for a real disk would not be the same each time; kill and stress use it.",
	"DamageError.Error":  "It only words an error, and the cases look at what the error wraps.",
	"DamageError.Unwrap": "It is what errors.Is goes through, which every case that judges damage does.",
	"Handover.Name":      "It names a hand-over, which a case does by its option, and does nothing to a log.",
	"Handover.Summary":   "It is a sentence for help texts.",
	"Handover.Holds":     "It tells those who draw which hand-overs are meant to hold.",
	"Handover.Canary":    "It tells those who search which hand-over is the known bug.",
	"Handovers":          "It lists the hand-overs for those who draw and for help texts.",
	"Points":             "It lists the failpoints for tools.",
	"Offset.Compare":     "It is arithmetic on a value, and no call on a log.",
	"Offset.Before":      "It is arithmetic on a value, and no call on a log.",
	"Offset.String":      "It only words a value.",
	"Record.Clone":       "It copies a value, and is no call on a log.",
	"Log.Inspect":        "It is for a scheduler between two steps, when no operation runs.",
	"Log.Learns":         "It is for a scheduler between two steps, when no operation runs.",
}

// exported lists the functions and methods that package storage exports, and the fields of its options.
func exported(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../../storage/*.go")
	require.NoError(t, err)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				of := f.Recv.List[0].Type
				if star, pointer := of.(*ast.StarExpr); pointer {
					of = star.X
				}
				receiver := of.(*ast.Ident)
				if !receiver.IsExported() {
					continue
				}
				name = receiver.Name + "." + name
			}
			names = append(names, name)
		}
	}
	options := reflect.TypeFor[storage.Options]()
	for i := range options.NumField() {
		names = append(names, "Options."+options.Field(i).Name)
	}
	return names
}

// wordsDrawn returns the operations and options of many drawn cases, of each kind of exploration.
func wordsDrawn(t *testing.T) map[string]bool {
	t.Helper()
	words := map[string]bool{"*": true}
	random := rand.New(rand.NewSource(1))
	for range 3000 {
		c, err := Subject.Draw(random, cases.Shape{Threads: 3, Operations: 3, Small: true})
		require.NoError(t, err)
		for _, w := range strings.Fields(c.Settings.String()) {
			name, _, _ := strings.Cut(w, "=")
			words[name+"="] = true
		}
		for _, thread := range c.Threads {
			for _, o := range thread.Operations {
				words[o.Word()] = true
			}
		}
	}
	return words
}

// A search tests only what drawn cases use. So each function and option of the engine has a word in drawn cases, or a reason why it
// cannot have one.
func TestEverythingThatStorageExportsIsSaidByDrawnCases(t *testing.T) {
	t.Parallel()
	words, all := wordsDrawn(t), exported(t)
	require.Greater(t, len(all), 40, "the test has looked at something")
	known := map[string]bool{}
	for _, name := range all {
		known[name] = true
		word, has := said[name]
		reason, hasNot := unsaid[name]
		switch {
		case has == hasNot:
			t.Errorf("storage.%s: no word of a drawn case uses it: give it one, or say in one sentence why it cannot have one", name)
		case has && !words[word]:
			t.Errorf("storage.%s is said by %q, which no case that was drawn has", name, word)
		case hasNot && (!strings.HasSuffix(reason, ".") || strings.Count(reason, ". ") > 0):
			t.Errorf("storage.%s: the reason is one sentence: %q", name, reason)
		}
	}
	for _, names := range []map[string]string{said, unsaid} {
		for name := range names {
			require.True(t, known[name], "package storage exports no %s", name)
		}
	}
	for _, kind := range kindNames {
		require.True(t, words[kind], "%s is never drawn", kind)
	}
}
