// Package tsdb adapts github.com/prometheus/prometheus/tsdb v0.316.0, the time series database of Prometheus.
//
// What it promises, in our words:
//
//   - Visible: when Commit has returned, all samples of its appender; a query sees all samples of an appender or none.
//     (https://pkg.go.dev/github.com/prometheus/prometheus@v0.316.0/storage#AppenderTransaction)
//   - Durable: when the process dies, what Commit has logged, because the log is read again at the next start. Nothing is said of a loss of
//     power before Close, which syncs the log.
//     (https://prometheus.io/docs/prometheus/latest/storage/, https://pkg.go.dev/github.com/prometheus/prometheus@v0.316.0/tsdb#DB.Close)
//   - After an error: a Commit that fails has rolled back. A damaged log is cut at the damage when the database is opened.
//     (https://pkg.go.dev/github.com/prometheus/prometheus@v0.316.0/storage#AppenderTransaction)
package tsdb

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// A DB is a database in which the samples of a series are numbered by their times.
type DB struct {
	Engine *tsdb.DB

	mu   sync.Mutex
	next map[string]*series
}

// A series takes one append at a time, because its times must grow.
type series struct {
	mu   sync.Mutex
	last int64
}

// Open opens a database in a folder.
func Open(folder string) (*DB, error) {
	options := tsdb.DefaultOptions()
	options.StripeSize = 16        // instead of 16384, which an execution would fill with zeros
	options.WALSegmentSize = 32768 // the smallest
	options.RetentionDuration = 0  // the times are numbers
	engine, err := tsdb.Open(folder, slog.New(slog.NewTextHandler(io.Discard, nil)), nil, options, nil)
	if err != nil {
		return nil, err
	}
	engine.DisableCompactions()
	return &DB{Engine: engine, next: map[string]*series{}}, nil
}

func (d *DB) series(name string) (*series, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.next[name]
	if s == nil {
		values, err := d.Read(name)
		if err != nil {
			return nil, err
		}
		s = &series{last: int64(len(values))}
		d.next[name] = s
	}
	return s, nil
}

// Append appends a value to a series.
func (d *DB) Append(name string, value float64) error {
	s, err := d.series(name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := d.Engine.Appender(context.Background())
	if _, err := batch.Append(0, labels.FromStrings(labels.MetricName, "m"+name), s.last+1, value); err != nil {
		return errors.Join(err, batch.Rollback())
	}
	if err := batch.Commit(); err != nil {
		return err
	}
	s.last++
	return nil
}

// Read returns all values of a series.
func (d *DB) Read(name string) (values []float64, err error) {
	querier, err := d.Engine.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	found := querier.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, "m"+name))
	for found.Next() {
		samples := found.At().Iterator(nil)
		for samples.Next() == chunkenc.ValFloat {
			_, value := samples.At()
			values = append(values, value)
		}
		if err := samples.Err(); err != nil {
			return nil, err
		}
	}
	return values, found.Err()
}

// Close closes the database.
func (d *DB) Close() error { return d.Engine.Close() }
