package main

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// Benchmarks in the form that benchstat takes: go test -bench 'Append/engine' -count 6 ./bench | benchstat -

func each(b *testing.B, m mode, f func(b *testing.B, s subject, w work)) {
	for _, c := range contestants {
		for _, value := range []int{128, 1024} {
			b.Run(fmt.Sprintf("%s/%dB", c.name, value), func(b *testing.B) {
				w := newWork(value, settings{megabytes: 8, millis: 1000})
				s, err := c.open(context.Background(), b.TempDir(), w, m)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(value))
				f(b, s, w)
				b.StopTimer()
				if err := s.close(context.Background()); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// offered skips a benchmark of an operation that the contestant does not have.
func offered(b *testing.B, s subject, err error) {
	if err == nil {
		return
	}
	_ = s.close(context.Background())
	if err == errNotOffered {
		b.Skip(err)
	}
	b.Fatal(err)
}

func BenchmarkAppend(b *testing.B) {
	each(b, never, func(b *testing.B, s subject, _ work) {
		for b.Loop() {
			offered(b, s, s.append(b.Context(), 1))
		}
	})
}

func BenchmarkDurable(b *testing.B) {
	each(b, onReturn, func(b *testing.B, s subject, _ work) {
		for b.Loop() {
			offered(b, s, s.appendDurable(b.Context()))
		}
	})
}

func BenchmarkNewest(b *testing.B) {
	each(b, onFlush, func(b *testing.B, s subject, w work) {
		offered(b, s, s.append(b.Context(), w.batch))
		offered(b, s, s.flush(b.Context()))
		read := s.newReader()
		for b.Loop() {
			offered(b, s, read(b.Context(), 1))
		}
	})
}

// Each contestant does every work, and finds everything that it has appended when it is opened again.
func TestEachContestantDoesEachWork(t *testing.T) {
	t.Parallel()
	s := settings{values: []int{100}, readers: []int{2}, millis: 5, megabytes: 1, rounds: 1, logs: 3, contestants: contestants, folder: t.TempDir()}
	figures, err := measure(t.Context(), s, testWriter{t})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		for i, c := range contestants {
			missing := len(f.rounds[i]) == 0
			if missing && c.name != "etcd" && c.name != "raft-wal" {
				t.Errorf("%s has no figure for %q", c.name, f.name)
			}
			if !missing && f.faster == higher && f.rounds[i][0] <= 0 {
				t.Errorf("%s: %q is %v", c.name, f.name, f.rounds[i][0])
			}
		}
	}
	t.Log("\n" + table(figures, s))
	s.plots = t.TempDir()
	if err := plots(figures, s); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadDir(s.plots)
	if err != nil || len(drawn) != len(figures) {
		t.Errorf("%d of %d rows were drawn, %v", len(drawn), len(figures), err)
	}
}

func TestWhatAContestantAppendsIsThereWhenItIsOpenedAgain(t *testing.T) {
	t.Parallel()
	w := newWork(100, settings{megabytes: 1, millis: 1000})
	for _, c := range contestants {
		if c.name == "etcd" {
			continue // has no reads
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			written := 0
			_, err := with(t.Context(), c, folder, w, onFlush, func(s subject) (_ []float64, err error) {
				written, err = fill(t.Context(), s, w)
				return nil, err
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = with(t.Context(), c, folder, w, onFlush, func(s subject) ([]float64, error) {
				if found, err := s.scan(t.Context()); err != nil || found != written {
					t.Errorf("found %d of %d records, %v", found, written, err)
				}
				return nil, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--value", "7"}, {"--value", "x"}, {"--readers", "0"}, {"--only", "nobody"}, {"--rows", "nothing"}, {"--rounds", "-1"}, {"--logs", "-1"}, {"more"}, {"--unknown"},
	} {
		if _, err := parse(args, testWriter{t}); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

func TestRowsAreChosenByAPartOfTheirNames(t *testing.T) {
	t.Parallel()
	all := measurements([]int{1}, 0)
	for text, want := range map[string]int{"": len(all), "append": 2, "reopen after a crash": 1, "nothing": 0} {
		if chosen := named(text, measurements([]int{1}, 0)); len(chosen) != want {
			t.Errorf("%q chose %d measurements, not %d", text, len(chosen), want)
		}
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(string(p))
	return len(p), nil
}
