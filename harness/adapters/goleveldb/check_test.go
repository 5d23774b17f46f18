package goleveldb

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/harness/adapters"
)

func TestMap(t *testing.T) { check(t, Open) }

// TestMapThatIsMadeAside leaves out the finding of a database that is half made.
func TestMapThatIsMadeAside(t *testing.T) { check(t, openWhole) }

func check(t *testing.T, open func(folder string) (*Map, error)) {
	harness.Check(t, harness.Subject[*Map]{
		Open: func(_ context.Context, env harness.Env) (*Map, error) { return open(env.Dir()) },
		Ops: harness.Ops{
			"put":    harness.Op{Do: (*Map).Put, Durable: harness.OnReturn},
			"long":   harness.Op{Do: long, Durable: harness.OnReturn},
			"delete": harness.Op{Do: (*Map).Delete, Durable: harness.OnReturn},
			"get":    (*Map).Get,
		},
	})
}

// openWhole makes a new database under another name, and renames it when all of it is durable.
func openWhole(folder string) (*Map, error) {
	whole, aside := filepath.Join(folder, "whole"), filepath.Join(folder, "aside")
	if _, err := os.Stat(whole); !errors.Is(err, fs.ErrNotExist) {
		return Open(whole)
	}
	if err := os.RemoveAll(aside); err != nil {
		return nil, err
	}
	made, err := Open(aside)
	if err == nil {
		err = errors.Join(made.Close(), adapters.SyncFolder(aside))
	}
	if err == nil {
		err = errors.Join(os.Rename(aside, whole), adapters.SyncFolder(folder))
	}
	if err != nil {
		return nil, err
	}
	return Open(whole)
}

// long values cross the sectors of a disk.
func long(m *Map, key, value string) error { return m.Put(key, strings.Repeat(value+"-", 500)) }
