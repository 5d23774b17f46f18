package main

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/plain"
)

// tests holds small tests of the guarantees in a module's documentation, one folder per module. Each test begins with a quotation of the
// guarantee. A test is copied into the package in the module's root, unless its name says another package.
//
//go:embed testdata
var tests embed.FS

// promises explores the small tests of a module with the default budget.
func (s *settings) promises(ctx context.Context, m subject) (rows []row, err error) {
	from := path.Join("testdata", m.name)
	files, _ := fs.ReadDir(tests, from) // a module may have none
	if len(files) == 0 {
		return nil, nil
	}
	dir, err := s.copied(ctx, m, promises)
	if err != nil {
		return nil, err
	}
	to := dir
	for _, f := range files {
		content, err := fs.ReadFile(tests, path.Join(from, f.Name()))
		if err != nil {
			return nil, err
		}
		// The name of a file for a package below the root begins with that package: semaphore__promises_test.go.txt.
		sub, name, below := strings.Cut(strings.TrimSuffix(f.Name(), ".txt"), "__")
		if !below {
			sub, name = ".", sub
		}
		to = filepath.Join(dir, filepath.FromSlash(strings.ReplaceAll(sub, "_", "/")))
		if err := os.WriteFile(filepath.Join(to, "racewindow_"+name), append([]byte(newer), content...), 0o666); err != nil {
			return nil, err
		}
		listed, failed := plain.List(ctx, to, nil, nil, []string{"."})
		if failed != nil {
			return nil, failed
		}
		for _, p := range listed {
			p.Tests = slices.DeleteFunc(p.Tests, func(name string) bool { return !strings.HasPrefix(name, "TestPromise") })
			r := row{subject: m}
			err = errors.Join(err, s.package1(ctx, &r, dir, p, s.plainly("--run", "^TestPromise"), string(content)))
			rows = append(rows, r.each(p)...)
		}
	}
	return rows, err
}
