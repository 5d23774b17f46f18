// Package nats adapts the file store of NATS JetStream: github.com/nats-io/nats-server/v2 v2.15.3, embedded, and its client
// github.com/nats-io/nats.go v1.55.0 within the process.
//
// What it promises, in our words:
//
//   - Visible: a message is stored when its publication is acknowledged, and has a number then; it can be read by this number.
//     (https://docs.nats.io/nats-concepts/jetstream; https://pkg.go.dev/github.com/nats-io/nats.go@v1.55.0/jetstream#PubAck)
//   - Durable: with sync_always, when the publication is acknowledged: each write is synced. By default files are synced every two
//     minutes, so that a failure of the operating system may take what was acknowledged.
//     (https://docs.nats.io/nats-concepts/jetstream#syncing-data-to-disk)
//   - After an error: a publication without an acknowledgement may have been stored or not.
//     (https://docs.nats.io/nats-concepts/jetstream#reliability)
package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/racewindow/racewindow/harness/adapters"
)

const (
	stream  = "records"
	subject = "records"
	// patience is how long an answer of the server may take before the call fails.
	patience = 30 * time.Second
)

// A Log is a stream of JetStream, with the server that keeps it.
type Log struct {
	Server *server.Server
	client *nats.Conn
	stream jetstream.Stream
	log    jetstream.JetStream
}

var _ adapters.Log = (*Log)(nil)

// Open starts a server whose streams lie in a folder. With durable, what Append appends is durable when it returns.
func Open(folder string, durable bool) (l *Log, err error) {
	engine, err := server.NewServer(&server.Options{
		ServerName: "adapter", DontListen: true, NoLog: true, NoSigs: true, JetStream: true, StoreDir: folder, SyncAlways: durable,
		JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 256 << 20,
	})
	if err != nil {
		return nil, err
	}
	l = &Log{Server: engine}
	engine.Start()
	if !engine.ReadyForConnections(patience) {
		return nil, errors.Join(fmt.Errorf("the server is not ready after %v", patience), l.Close())
	}
	if err := l.connect(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Log) connect() (err error) {
	if l.client, err = nats.Connect("", nats.InProcessServer(l.Server), nats.Timeout(patience)); err != nil {
		return err
	}
	if l.log, err = jetstream.New(l.client, jetstream.WithDefaultTimeout(patience)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l.stream, err = l.log.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: stream, Subjects: []string{subject}, Storage: jetstream.FileStorage})
	return err
}

// Append is adapters.Log's: each value is a message, and a call of the engine.
func (l *Log) Append(values ...[]byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, value := range values {
		if _, err := l.log.Publish(ctx, subject, value, jetstream.WithRetryAttempts(0)); err != nil {
			return err
		}
	}
	return nil
}

// Sync is adapters.Log's: the engine has nothing for it.
func (l *Log) Sync() error { return nil }

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	info, err := l.stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	return info.State.LastSeq, nil
}

// Read is adapters.Log's.
func (l *Log) Read(number uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	message, err := l.stream.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) || number == 0 {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	} else if err != nil {
		return nil, err
	}
	return message.Data, nil
}

// Scan is adapters.Log's.
func (l *Log) Scan(visit func(value []byte) error) error {
	last, err := l.Last()
	for number := uint64(1); err == nil && number <= last; number++ {
		var value []byte
		if value, err = l.Read(number); err == nil {
			err = visit(value)
		}
	}
	return err
}

// Close is adapters.Log's.
func (l *Log) Close() error {
	if l.client != nil {
		l.client.Close()
	}
	l.Server.Shutdown()
	l.Server.WaitForShutdown()
	return nil
}
