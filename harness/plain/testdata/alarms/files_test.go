package alarms

import (
	"os"
	"sync"
	"syscall"
	"testing"
)

// overtaken says whether another goroutine came first.
func overtaken() bool {
	by := false
	var mu sync.Mutex
	go func() {
		mu.Lock()
		by = true
		mu.Unlock()
	}()
	mu.Lock()
	defer mu.Unlock()
	return by
}

// makes a folder, a file in it, and another one by another name; it fails where they are there.
func makes(t *testing.T, name string) (remove func()) {
	if _, err := os.Stat(name); err == nil {
		t.Fatalf("%s is there", name)
	}
	for _, err := range []error{
		os.MkdirAll(name+"/in/it", 0o777), os.WriteFile(name+"/in/it/file", []byte("text"), 0o666), os.WriteFile(name+".new", nil, 0o666),
		os.Rename(name+".new", name+".log"), os.Symlink(name, name+".link"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for _, made := range []string{name, name + ".log", name + ".link"} {
			if err := os.RemoveAll(made); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestWaitsForEverWithFiles(t *testing.T) {
	defer makes(t, "waits")()
	if overtaken() {
		select {}
	}
}

func TestPanicsWithFiles(t *testing.T) {
	remove := makes(t, "panics")
	if overtaken() {
		var none map[string]int
		none["a"] = 1
	}
	remove()
}

// What was there before by another name is the user's.
func TestFailsWithAFileMoved(t *testing.T) {
	if err := os.Mkdir("elsewhere", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, move := range [][2]string{{"mine.txt", "mine.old"}, {"mine.old", "elsewhere/mine"}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	if overtaken() {
		t.Fatal("with a file moved")
	}
	if err := os.Rename("elsewhere/mine", "mine.txt"); err != nil {
		t.Fatal(err)
	}
	os.Remove("elsewhere")
}

func TestFailsWithFiles(t *testing.T) {
	remove := makes(t, "fails")
	if overtaken() {
		t.Fatal("with files")
	}
	remove()
}

// What was there stays, and what an execution leaves that holds is there for the next one.
func TestKeepsFilesRight(t *testing.T) {
	if content, err := os.ReadFile("go.mod"); err != nil || len(content) == 0 {
		t.Fatal(err)
	}
	file, err := os.OpenFile("kept", os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	overtaken()
}

// It fails if it has been here before.
func TestLeavesFiles(t *testing.T) {
	makes(t, "left")
	overtaken()
}

func TestLeavesFilesInParts(t *testing.T) {
	t.Run("one", func(t *testing.T) {
		makes(t, "one")
		overtaken()
	})
	t.Run("other", func(t *testing.T) {
		makes(t, "other")
		overtaken()
	})
}

// It fails once, whatever the schedule: what it makes by a system call of its own is there for all processes.
func TestOutside(t *testing.T) {
	if overtaken() && syscall.Mkdir("outside", 0o777) == nil {
		t.Error("nobody was here")
	}
}

// What replaces a file of the execution's may be the user's all the same.
func TestFailsWithAFileMovedOverAnother(t *testing.T) {
	if err := os.WriteFile("mine.new", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("mine.txt", "mine.new"); err != nil {
		t.Fatal(err)
	}
	if overtaken() {
		t.Fatal("with a file moved over another")
	}
	if err := os.Rename("mine.new", "mine.txt"); err != nil {
		t.Fatal(err)
	}
}

// others makes a folder as another process would, which draws the same random names: package os does not see it.
func others(name string) { _ = syscall.Mkdir(name, 0o777) }

// What an execution could not make, because a folder was missing, is another process's when it is there later.
func TestFailsWhereOthersMake(t *testing.T) {
	if err := os.Mkdir("own", 0o777); err != nil {
		t.Fatal(err)
	}
	file, opened := os.OpenFile("theirs/file", os.O_CREATE|os.O_EXCL, 0o666)
	for _, err := range []error{
		opened, os.Mkdir("theirs/folder", 0o777), os.Link("go.mod", "theirs/link"), os.Symlink("go.mod", "theirs/symlink"), os.Rename("own", "theirs/renamed"),
	} {
		if err == nil {
			t.Fatal(file, "it can be made")
		}
	}
	others("theirs")
	for _, name := range []string{"file", "folder", "link", "symlink", "renamed"} {
		others("theirs/" + name)
	}
	others("theirs/renamed/full") // or the next execution could rename over it
	if overtaken() {
		t.Fatal("beside what others have made")
	}
	if err := os.Remove("own"); err != nil {
		t.Fatal(err)
	}
}

// What an execution has removed is another process's when it is there again. Both ways of removing end it.
func TestFailsWhereOthersMakeAgain(t *testing.T) {
	_ = syscall.Rmdir("again") // as the other process would
	for _, remove := range []func(string) error{os.Remove, os.RemoveAll} {
		if err := os.Mkdir("again", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := remove("again"); err != nil {
			t.Fatal(err)
		}
	}
	others("again")
	if overtaken() {
		t.Fatal("beside what others have made again")
	}
}
