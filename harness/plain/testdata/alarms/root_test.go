package alarms

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// rooted opens the folder of the test as a root.
func rooted(t *testing.T) *os.Root {
	root, err := os.OpenRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func TestFailsWithFilesOfARoot(t *testing.T) {
	root := rooted(t)
	if _, err := root.Stat("rooted"); err == nil {
		t.Fatal("rooted is there")
	}
	if err := errors.Join(
		root.MkdirAll("rooted/in/it", 0o777), root.WriteFile("rooted/in/it/file", []byte("text"), 0o666), root.WriteFile("rooted.new", nil, 0o666),
		root.Rename("rooted.new", "rooted.log"), root.Symlink("rooted", "rooted.link"), root.WriteFile("rooted.link/in/other", nil, 0o666), root.Mkdir("rooted.dir", 0o777),
		root.Link("rooted.log", "rooted.hard"),
	); err != nil {
		t.Fatal(err)
	}
	if overtaken() {
		t.Fatal("with files of a root")
	}
	for _, name := range []string{"rooted", "rooted.log", "rooted.link", "rooted.dir", "rooted.hard"} {
		if err := root.RemoveAll(name); err != nil {
			t.Error(err)
		}
	}
}

// What was there before by another name is the user's.
func TestFailsWithAFileMovedInARoot(t *testing.T) {
	root := rooted(t)
	if err := errors.Join(root.Mkdir("aside", 0o777), root.Rename("mine.txt", "aside/mine")); err != nil {
		t.Fatal(err)
	}
	if overtaken() {
		t.Fatal("with a file moved in a root")
	}
	if err := errors.Join(root.Rename("aside/mine", "mine.txt"), root.Remove("aside")); err != nil {
		t.Fatal(err)
	}
}

// What an execution has removed is another process's when it is there again.
func TestFailsWhereOthersMakeInARoot(t *testing.T) {
	root := rooted(t)
	_ = syscall.Rmdir("own.removed") // as the other process would
	_ = syscall.Rmdir("own.gone")
	if err := errors.Join(root.Mkdir("own.removed", 0o777), root.Remove("own.removed"), root.Mkdir("own.gone", 0o777), root.RemoveAll("own.gone")); err != nil {
		t.Fatal(err)
	}
	others("own.removed")
	others("own.gone")
	if overtaken() {
		t.Fatal("beside what others have made in a root")
	}
}
