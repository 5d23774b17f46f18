package planted

import "context"

// Query asks the backend, and gives up with ctx.
func Query(ctx context.Context, ask func(context.Context) string) (string, error) {
	answer := make(chan string, 1)
	go func() { answer <- ask(ctx) }()
	select {
	case s := <-answer:
		return s, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
