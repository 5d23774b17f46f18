// Command wlog shows what findings/wlog.md says: records that were synced are gone when the name of their segment is, and samples of a database
// that was closed when the name of its log's folder is. The command ends with 1 if it sees that.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/wlog"
	"github.com/prometheus/prometheus/util/compression"
)

func main() {
	folder, err := os.MkdirTemp("", "wlog-finding-")
	must(err)
	defer os.RemoveAll(folder)
	records, samples := segment(filepath.Join(folder, "log")), database(filepath.Join(folder, "db"))
	if records == 0 && samples == 0 {
		os.RemoveAll(folder)
		os.Exit(1)
	}
}

// segment logs a record, syncs it, and returns how many are left when the names of all segments are lost.
func segment(folder string) (records int) {
	log, err := wlog.New(nil, nil, folder, compression.None)
	must(err)
	must(log.Log([]byte("synced")))
	must(log.Sync())

	// Power is lost. What was synced is there: the record's bytes, in a file without a name.
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	must(err)
	for _, name := range names {
		must(os.Remove(name))
	}

	log, err = wlog.New(nil, nil, folder, compression.None)
	must(err)
	defer log.Close()
	segments, err := wlog.NewSegmentsReader(folder)
	must(err)
	defer segments.Close()
	r := wlog.NewReader(segments)
	for r.Next() {
		records++
	}
	must(r.Err())
	fmt.Println("wlog: 1 record was synced, segments whose name was lost:", len(names), "records left:", records)
	return records
}

// database commits a sample, closes the database, and returns how many are left when the name of the log's folder is lost.
func database(folder string) (samples int) {
	db := open(folder)
	batch := db.Appender(context.Background())
	_, err := batch.Append(0, labels.FromStrings("__name__", "m"), 1, 1)
	must(err)
	must(batch.Commit())
	must(db.Close())

	must(os.RemoveAll(filepath.Join(folder, "wal"))) // power is lost

	db = open(folder)
	defer db.Close()
	querier, err := db.Querier(math.MinInt64, math.MaxInt64)
	must(err)
	defer querier.Close()
	found := querier.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "m"))
	for found.Next() {
		for all := found.At().Iterator(nil); all.Next() == chunkenc.ValFloat; {
			samples++
		}
	}
	must(found.Err())
	fmt.Println("tsdb: 1 sample was committed and the database closed, folders whose name was lost: 1 samples left:", samples)
	return samples
}

func open(folder string) *tsdb.DB {
	options := tsdb.DefaultOptions()
	options.RetentionDuration = 0 // the times are numbers
	db, err := tsdb.Open(folder, slog.New(slog.NewTextHandler(io.Discard, nil)), nil, options, nil)
	must(err)
	db.DisableCompactions()
	return db
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
