package harness

import (
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/object"
)

// doneFreely returns what a free run has done, in numbers.
func doneFreely(result any) *drive.Done {
	switch r := result.(type) {
	case object.LoadResult:
		return &drive.Done{
			Counts: map[string]uint64{
				"operations": r.Operations, "instances": r.Instances, "programs": uint64(r.Programs), "overlapping pairs": r.Overlapping, "histories": uint64(r.Histories),
			},
			Unnamed: uint64(r.Histories), Canary: r.Canary,
		}
	case object.CrashResult:
		return &drive.Done{
			Counts: map[string]uint64{
				"crashes": r.Cycles, "crashes under load": r.UnderLoad, "crashes that could lose something": r.Unsynced, "operations": r.Operations,
				"instances": r.Instances, "programs": uint64(r.Programs), "disks": r.Disks, "distinct disks": r.Judged,
			},
			Unnamed: r.Judged, Canary: r.Canary,
		}
	case object.KillResult:
		return &drive.Done{
			Counts: map[string]uint64{
				"kills": r.Kills, "kills under load": r.UnderLoad, "operations": r.Operations, "acknowledged as durable": r.Durable,
				"programs": uint64(r.Programs), "recoveries": r.Judged,
			},
			Canary: r.Canary,
		}
	}
	return nil
}
