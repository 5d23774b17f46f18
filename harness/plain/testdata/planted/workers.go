package planted

import "sync"

// Workers run tasks until they are stopped.
type Workers struct {
	tasks   chan func()
	mu      sync.RWMutex
	stopped bool
	running sync.WaitGroup
}

func NewWorkers(n int) *Workers {
	w := &Workers{tasks: make(chan func(), n)}
	for range n {
		w.running.Add(1)
		go func() {
			defer w.running.Done()
			for task := range w.tasks {
				task()
			}
		}()
	}
	return w
}

func (w *Workers) isStopped() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.stopped
}

// Submit says whether the task will be run.
func (w *Workers) Submit(task func()) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.stopped {
		return false
	}
	w.tasks <- task
	return true
}

// Stop returns when all that was submitted has run.
func (w *Workers) Stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	close(w.tasks)
	w.running.Wait()
}
