// Package log has nothing that could be weakened: its Sync writes no file.
package log

type Log struct{ lines int }

func (l *Log) Sync() error { l.lines = 0; return nil }

func Flush(l *Log) error {
	if err := l.Sync(); err != nil {
		return err
	}
	return nil
}
