// Command etcdwal shows what findings/etcdwal.md says: after two losses of power, each in the middle of a Save, the log cannot be opened.
// The command ends with 1 if it sees that.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"
)

const sector = 512

func main() {
	folder, err := os.MkdirTemp("", "etcdwal-finding-")
	must(err)
	defer os.RemoveAll(folder)
	dir := filepath.Join(folder, "wal")
	log, err := wal.Create(zap.NewNop(), dir, nil)
	must(err)
	must(log.Close())
	names, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	must(err)
	file := names[0]
	durable := read(file)

	// Save writes an entry of 1000 bytes. Power is lost before its sync, when all sectors of the entry have reached the disk but the first.
	must(save(dir, 'a'))
	left := read(file)
	copy(left[:sector], durable)
	must(os.WriteFile(file, left, 0o600))

	// The log is opened, and finds no entry. It zeroes what follows, but does not sync that. Save writes another entry, and power is lost
	// before its sync: now the first sector has reached the disk, and what came after the opening in the other sectors has not.
	must(save(dir, 'c'))
	again := read(file)
	copy(left[:sector], again)
	must(os.WriteFile(file, left, 0o600))

	err = open(dir)
	if errors.Is(err, io.ErrUnexpectedEOF) && wal.Repair(zap.NewNop(), dir) {
		err = open(dir)
	}
	if err == nil {
		fmt.Println("the log can be opened")
		return
	}
	fmt.Println("the log cannot be opened:", strings.ReplaceAll(err.Error(), folder, "DIR"))
	os.RemoveAll(folder)
	os.Exit(1)
}

// save opens the log, and saves an entry.
func save(dir string, letter byte) error {
	log, err := wal.Open(zap.NewNop(), dir, &walpb.Snapshot{})
	if err != nil {
		return err
	}
	if _, _, entries, err := log.ReadAll(); err != nil || len(entries) > 0 {
		return fmt.Errorf("there are %d entries: %w", len(entries), err)
	}
	term, index := uint64(1), uint64(1)
	entry := &raftpb.Entry{Term: &term, Index: &index, Data: []byte(strings.Repeat(string(letter), 1000))}
	return errors.Join(log.Save(&raftpb.HardState{}, []*raftpb.Entry{entry}), log.Close())
}

func open(dir string) error {
	log, err := wal.Open(zap.NewNop(), dir, &walpb.Snapshot{})
	if err != nil {
		return err
	}
	_, _, _, err = log.ReadAll()
	return errors.Join(err, log.Close())
}

func read(name string) []byte {
	bytes, err := os.ReadFile(name)
	must(err)
	return bytes
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
