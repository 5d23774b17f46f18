// Cleaning up when racewindow cannot do it, because it was killed, or because the test that calls Run reached its timeout. A
// watcher, a small shell in its own group, holds one end of a pipe. When the other end closes without a farewell, it ends
// what still runs and removes the stage. What even the watcher could not remove, the next call removes: a stage whose lock
// nobody holds belongs to nobody.

package overlay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gofrs/flock"
)

// stagePrefix begins the names of stages. Each contains an ownerFile, which is locked while the stage is in use.
const (
	stagePrefix = "racewindow-"
	ownerFile   = "owner"
)

// watchScript reads which group runs, and a farewell. $1 is the stage.
const watchScript = `
group=
while read -r word value; do
	case $word in
	group) group=$value ;;
	farewell) exit 0 ;;
	esac
done
if [ -n "$group" ]; then
	kill -TERM -"$group"
	tries=0
	while kill -0 -"$group" && [ "$tries" -lt 50 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	kill -KILL -"$group"
fi
rm -rf "$1"
`

// A watcher is the process that outlives this one. A nil watcher and the zero value watch nothing: a system without a shell
// has none.
type watcher struct {
	pipe io.WriteCloser
	cmd  *exec.Cmd
}

// watch starts the watcher of a stage.
func watch(dir string) *watcher {
	cmd := exec.Command("/bin/sh", "-c", watchScript, "racewindow-watcher", dir)
	cmd.Dir = string(filepath.Separator)
	ownGroup(cmd, nil)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return &watcher{}
	}
	if err := cmd.Start(); err != nil {
		return &watcher{} // the next call cleans up
	}
	return &watcher{pipe: pipe, cmd: cmd}
}

// running tells the watcher which process to end. A watcher that has gone must not stop the build.
func (w *watcher) running(p *os.Process) {
	if w != nil && w.pipe != nil && leadsGroup(p) {
		_, _ = fmt.Fprintf(w.pipe, "group %d\n", p.Pid)
	}
}

// ended tells the watcher that there is nothing left to end.
func (w *watcher) ended() {
	if w != nil && w.pipe != nil {
		_, _ = io.WriteString(w.pipe, "group\n")
	}
}

// farewell ends the watcher without a clean-up.
func (w *watcher) farewell() {
	if w == nil || w.pipe == nil {
		return
	}
	_, _ = io.WriteString(w.pipe, "farewell\n")
	_ = w.pipe.Close()
	_ = w.cmd.Wait() // its exit code says nothing
}

// own marks a stage as in use. The file gets its name only after it is locked; otherwise a stage in the making would look
// abandoned.
func own(dir string) (*flock.Flock, error) {
	unnamed := filepath.Join(dir, ownerFile+".new")
	lock := flock.New(unnamed)
	locked, err := lock.TryLock()
	if err == nil && !locked {
		err = errors.New("the lock is taken")
	}
	if err == nil {
		err = os.Rename(unnamed, filepath.Join(dir, ownerFile))
	}
	if err != nil {
		return nil, fmt.Errorf("lock the temporary folder %s: %w", dir, err)
	}
	return lock, nil
}

// removeStale removes the stages that killed processes have left in a folder.
func removeStale(folder string) {
	owners, _ := filepath.Glob(filepath.Join(folder, stagePrefix+"*", ownerFile))
	for _, owner := range owners {
		if info, err := os.Lstat(owner); err != nil || !info.Mode().IsRegular() {
			continue
		}
		lock := flock.New(owner, flock.SetFlag(os.O_RDWR))
		if locked, err := lock.TryLock(); err != nil || !locked {
			continue // in use, or somebody else's
		}
		_ = lock.Unlock()
		_ = os.RemoveAll(filepath.Dir(owner))
	}
}
