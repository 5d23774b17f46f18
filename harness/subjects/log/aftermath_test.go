package log

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// A liar is a disk that returns success for operations that it has not done.
type liar struct {
	storage.Disk
	file func(name string, f storage.File) storage.File
}

func (l liar) Open(name string) (storage.File, error) {
	f, err := l.Disk.Open(name)
	if err != nil {
		return nil, err
	}
	return l.file(name, f), nil
}

type noSync struct{ storage.File }

func (noSync) Sync() error { return nil }

type noCut struct{ storage.File }

func (noCut) Truncate(int64) error { return nil }

// recoveringOnALiar tries every crash of a program, and recovers each log on a disk that lies.
func recoveringOnALiar(t *testing.T, program string, file func(string, storage.File) storage.File) *sched.Failure {
	t.Helper()
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	c, err := Parse("v1 scenario=log handover=snapshot; " + program + "; crash any")
	require.NoError(t, err)
	p, err := c.plan()
	require.NoError(t, err)
	p.lying = func(d *crash.Disk) storage.Disk { return liar{d, file} }
	r, err := sched.Search(context.Background(), p.scenario, sched.Options{Strategy: "bounded", Workers: 1})
	require.NoError(t, err)
	require.NotEmpty(t, r.Findings, "%d schedules", r.Schedules)
	return r.Findings[0].Failure
}

func TestASecondLossOfPowerShowsWhatARecoveredLogDidNotSync(t *testing.T) {
	f := recoveringOnALiar(t, "w0: append 1, flush", func(_ string, f storage.File) storage.File { return noSync{f} })
	require.Equal(t, "Durability/record", f.Class())
	require.Contains(t, f.Error(), "after a second crash, which came after the recovery")
	require.False(t, InHistory(f))
}

func TestASecondLossOfPowerShowsATailThatWasNotCut(t *testing.T) {
	f := recoveringOnALiar(t, "w0: append 1 of 403, append 1, flush", func(name string, f storage.File) storage.File {
		if strings.HasSuffix(name, ".seg") {
			return noCut{f}
		}
		return f
	})
	require.Equal(t, "PrefixRecovery/record", f.Class())
	require.Contains(t, f.Error(), "after a second crash, which came after the recovery")
}

// secondLifeOf returns the second life of a log that has one transaction of the first life, on a disk of its own.
func secondLifeOf(t *testing.T) (s *secondLife, before, open, closed *crash.Image) {
	t.Helper()
	requireInstrumented(t)
	c, err := Parse("v1 scenario=log handover=snapshot; w0: append 1, flush")
	require.NoError(t, err)
	p, err := c.plan()
	require.NoError(t, err)
	disk := crash.New()
	s = &secondLife{
		aftermath: aftermath{disk: disk, thorough: true}, plan: p, seen: map[remains]bool{},
		expected: check.Expected{Owner: func(uint64) (check.Identity, bool) { return check.Identity{}, false }},
	}
	l, err := p.recover(disk)
	require.NoError(t, err)
	require.Nil(t, s.round(l, []int{40, 16}))
	before = newest(disk, crash.Ordered)
	require.Nil(t, s.round(l, []int{3}))
	require.Nil(t, s.readPastEach(l))
	open = newest(disk, crash.Ordered)
	require.Nil(t, l.end(nil))
	return s, before, open, newest(disk, crash.Ordered)
}

func TestDamageThatIsTakenForATornTailIsAViolation(t *testing.T) {
	t.Parallel()
	s, before, open, closed := secondLifeOf(t)
	path := segmentsOf(open)[0]
	for _, c := range []struct {
		image   *crash.Image
		atReads bool
	}{{open, false}, {closed, true}} {
		lost, reported := 0, 0
		for bit := int64(0); bit < writtenBits(c.image, path); bit += 5 {
			switch v := s.decayed(c.image.Flip(path, bit), path, bit, c.atReads); {
			case v == nil:
				reported++
			default: // in the last batch, which nothing proves to have been durable
				require.Equal(t, check.DamageReported, v.Promise, "%v", v)
				require.Contains(t, v.Detail, path)
				lost++
			}
		}
		require.Positive(t, lost)
		require.Greater(t, reported, lost, "damage before a later batch is reported")
	}
	require.Nil(t, s.damaged(before, open, closed), "and no other damage must be")
}

func TestASecondLifeMissesNothing(t *testing.T) {
	t.Parallel()
	s, _, _, whole := secondLifeOf(t)
	for name, spoil := range map[string]func(){
		"gone":    func() { s.appended = append(s.appended, s.appended[0]) },
		"changed": func() { s.appended[1].Value = []byte("another") },
		"foreign": func() { s.appended = s.appended[:2] },
		"unknown": func() { s.first++ },
	} {
		appended, first := append([]storage.Record(nil), s.appended...), s.first
		l, err := s.plan.recover(crash.Crash(whole))
		require.NoError(t, err)
		require.Nil(t, s.read(l, 3, ""))
		spoil()
		require.NotNil(t, s.read(l, len(s.appended), ""), name)
		require.Nil(t, l.end(nil))
		s.appended, s.first = appended, first
	}
}
