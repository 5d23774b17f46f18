package history

import (
	"context"
	"io"
	"testing"

	"github.com/hashicorp/raft"
	"github.com/racewindow/racewindow/harness"
)

type Snapshots struct {
	s *raft.FileSnapshotStore
	n *uint64
}

func (s Snapshots) Save(data string) error {
	*s.n++
	sink, err := s.s.Create(*s.n, 1, nil)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(sink, data); err != nil {
		sink.Cancel()
		return err
	}
	return sink.Close()
}

func (s Snapshots) Last() (string, error) {
	all, err := s.s.List()
	if err != nil || len(all) == 0 {
		return "none", err
	}
	_, r, err := s.s.Open(all[0].ID)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

// A snapshot that was closed without an error is there after a crash.
func TestSnapshots(t *testing.T) {
	harness.Check(t, harness.Subject[Snapshots]{
		Open: func(_ context.Context, env harness.Env) (Snapshots, error) {
			s, err := raft.NewFileSnapshotStore(env.Dir(), 2, io.Discard)
			n := uint64(0)
			if err == nil {
				if all, _ := s.List(); len(all) > 0 {
					n = all[0].Index
				}
			}
			return Snapshots{s, &n}, err
		},
		Ops: harness.Ops{"save": harness.Op{Do: Snapshots.Save, Durable: harness.OnReturn}, "last": Snapshots.Last},
	})
}
