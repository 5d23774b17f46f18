// Command rosedb shows what findings/rosedb.md says: in four ways a record that Write has acknowledged is out of reach. It ends with 1 if it
// sees all of them.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rosedblabs/wal"
)

func main() {
	folder, err := os.MkdirTemp("", "rosedb-finding-")
	must(err)
	defer os.RemoveAll(folder)
	of := func(name string) string { return filepath.Join(folder, name) }
	torn, named, failed, meanwhile := afterATornWrite(of("torn")), theName(of("named")), afterAWriteThatFailed(of("failed")), whileSomebodyWrites(of("meanwhile"))
	if torn && named && failed && meanwhile {
		os.RemoveAll(folder)
		os.Exit(1)
	}
}

// afterATornWrite has a write that has not returned when power is lost, of which a part has arrived, and another one after that.
func afterATornWrite(folder string) bool {
	log := open(folder)
	write(log, "first")
	write(log, strings.Repeat("x", 1000))
	must(log.Close())
	name := wal.SegmentFileName(folder, ".SEG", 1)
	info, err := os.Stat(name)
	must(err)
	must(os.Truncate(name, info.Size()-500))

	log = open(folder)
	write(log, "acknowledged")
	must(log.Close())

	log = open(folder)
	defer log.Close()
	records, err := read(log)
	fmt.Printf("torn write: a reader gives %q, then: %v\n", records, err)
	return len(records) == 1 && err != nil
}

// theName loses the name of a segment, which nobody has made durable.
func theName(folder string) bool {
	log := open(folder)
	write(log, "acknowledged")
	must(log.Close())
	must(os.Remove(wal.SegmentFileName(folder, ".SEG", 1)))
	log = open(folder)
	defer log.Close()
	records, err := read(log)
	must(err)
	fmt.Printf("name of the segment: a reader gives %q\n", records)
	return len(records) == 0
}

// afterAWriteThatFailed has a disk that is full for one write: here it is the limit of a file's size.
func afterAWriteThatFailed(folder string) bool {
	log := open(folder)
	write(log, "first")
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 500, Max: limit.Max}))
	_, refused := log.Write([]byte(strings.Repeat("x", 1000)))
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))

	position, err := log.Write([]byte("acknowledged"))
	must(err)
	got, err := log.Read(position)
	fmt.Printf("failed write: one says %v, the next one nil; Read at its position gives %q, %v\n", errors.Unwrap(refused), got, err)
	must(log.Close())

	log = open(folder)
	defer log.Close()
	records, err := read(log)
	fmt.Printf("failed write: opened again, a reader gives %q, then: %v\n", records, err)
	return refused != nil && string(got) != "acknowledged" && len(records) == 1
}

// whileSomebodyWrites reads all, again and again, in logs of a few records.
func whileSomebodyWrites(folder string) bool {
	readers := 0
	for began := time.Now(); time.Since(began) < time.Minute; {
		log := open(folder)
		var acknowledged atomic.Int64
		ended := make(chan bool)
		go func() {
			defer close(ended)
			for range 50 {
				write(log, "record")
				acknowledged.Add(1)
			}
		}()
		found := false
		for !found && acknowledged.Load() < 50 {
			before := int(acknowledged.Load())
			records, err := read(log)
			readers++
			if found = len(records) < before; found {
				fmt.Printf("reader: of %d records that were acknowledged before, reader %d gives %d, then: %v\n", before, readers, len(records), err)
			}
		}
		<-ended
		must(log.Delete())
		if found {
			return true
		}
	}
	return false
}

func open(folder string) *wal.WAL {
	options := wal.DefaultOptions
	options.DirPath, options.Sync = folder, true
	log, err := wal.Open(options)
	must(err)
	return log
}

func write(log *wal.WAL, value string) {
	_, err := log.Write([]byte(value))
	must(err)
}

// read reads all, as the engine's example does.
func read(log *wal.WAL) (records []string, err error) {
	for reader := log.NewReader(); ; {
		value, _, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		records = append(records, string(value))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
