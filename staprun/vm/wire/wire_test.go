package wire

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFrameLayout(t *testing.T) {
	var pipe bytes.Buffer
	port := NewPort(&pipe)
	if err := port.Send(Stdout, 0x01020304, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	want := []byte{byte(Stdout), 4, 3, 2, 1, 2, 0, 0, 0, 'h', 'i'}
	if !bytes.Equal(pipe.Bytes(), want) {
		t.Errorf("got % x, want % x", pipe.Bytes(), want)
	}
	frame, err := port.Receive()
	if err != nil || frame.Kind != Stdout || frame.Channel != 0x01020304 || string(frame.Payload) != "hi" {
		t.Errorf("got %+v, %v", frame, err)
	}
	if _, err := port.Receive(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestStructFrame(t *testing.T) {
	var pipe bytes.Buffer
	port := NewPort(&pipe)
	want := Command{Args: []string{"sh", "-c", "echo 'a \"b\"'"}, Env: []string{"A=b"}, Stdin: true}
	if err := port.SendJSON(Start, 1, want); err != nil {
		t.Fatal(err)
	}
	frame, err := port.Receive()
	if err != nil {
		t.Fatal(err)
	}
	var got Command
	if err := frame.Decode(&got); err != nil || got.Args[2] != want.Args[2] || got.Env[0] != "A=b" || !got.Stdin {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBadFrames(t *testing.T) {
	for name, data := range map[string]string{
		"no such kind": "\xff\x00\x00\x00\x00\x00\x00\x00\x00",
		"too long":     "\x08\x00\x00\x00\x00\xff\xff\xff\xff",
		"cut header":   "\x08\x00",
		"cut payload":  "\x08\x00\x00\x00\x00\x05\x00\x00\x00ab",
	} {
		port := NewPort(struct {
			io.Reader
			io.Writer
		}{strings.NewReader(data), io.Discard})
		if _, err := port.Receive(); err == nil || err == io.EOF {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := NewPort(&bytes.Buffer{}).Send(Stdin, 1, make([]byte, MaxPayload+1)); err == nil {
		t.Error("a frame that is too long was sent")
	}
	if err := (Frame{Kind: Hello, Payload: []byte("{")}).Decode(&Greeting{}); err == nil {
		t.Error("decoded rubbish")
	}
	if _, _, err := (Frame{Kind: Credit, Payload: []byte{1}}).Credited(); err == nil {
		t.Error("credit of rubbish")
	}
}

// pair connects a sender and a receiver of one stream.
func pair(t *testing.T) (*Sender, *Receiver) {
	t.Helper()
	left, right := net.Pipe()
	t.Cleanup(func() { left.Close(); right.Close() })
	senderPort, receiverPort := NewPort(left), NewPort(right)
	sender, receiver := NewSender(senderPort, Stdout, 7), NewReceiver(receiverPort, Stdout, 7)
	go func() {
		for {
			frame, err := receiverPort.Receive()
			if err != nil {
				receiver.Fail(err)
				return
			}
			receiver.Deliver(frame.Payload)
		}
	}()
	go func() {
		for {
			frame, err := senderPort.Receive()
			if err != nil {
				return
			}
			if kind, n, err := frame.Credited(); err == nil && kind == Stdout {
				sender.Grant(n)
			}
		}
	}()
	return sender, receiver
}

func TestStreamKeepsBytes(t *testing.T) {
	sender, receiver := pair(t)
	sent := make([]byte, 5*Window+12345)
	rand.Read(sent)
	var received bytes.Buffer
	var reader sync.WaitGroup
	reader.Go(func() {
		if _, err := receiver.WriteTo(&received); err != nil {
			t.Error(err)
		}
	})
	for rest := sent; len(rest) > 0; {
		n := min(len(rest), 50_001)
		if _, err := sender.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := sender.Close(); err != nil {
		t.Fatal(err)
	}
	reader.Wait()
	if !bytes.Equal(received.Bytes(), sent) {
		t.Errorf("received %d bytes of %d, or others", received.Len(), len(sent))
	}
}

// A stream that nobody reads takes Window bytes and then makes its writer
// wait, until it fails.
func TestStreamIsBounded(t *testing.T) {
	sender, _ := pair(t)
	result := make(chan int)
	go func() {
		n, err := sender.Write(make([]byte, 2*Window))
		if err != io.ErrClosedPipe {
			t.Errorf("write ended with %v", err)
		}
		result <- n
	}()
	select {
	case n := <-result:
		t.Fatalf("wrote %d bytes that nobody read", n)
	case <-time.After(100 * time.Millisecond):
	}
	sender.Fail(io.ErrClosedPipe)
	if n := <-result; n != Window {
		t.Errorf("wrote %d bytes, the window is %d", n, Window)
	}
	if err := sender.Close(); err != io.ErrClosedPipe {
		t.Errorf("close after failure: %v", err)
	}
}

type failingWriter struct{}

var errFull = errors.New("full")

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

// A consumer that fails must not make the sender hang.
func TestStreamOutlivesItsConsumer(t *testing.T) {
	sender, receiver := pair(t)
	done := make(chan error)
	go func() {
		_, err := receiver.WriteTo(failingWriter{})
		done <- err
	}()
	if _, err := sender.Write(make([]byte, 3*Window)); err != nil {
		t.Fatal(err)
	}
	sender.Close()
	if err := <-done; err != errFull {
		t.Errorf("got %v", err)
	}
}

// What was delivered before a failure is handed on.
func TestStreamFailsLast(t *testing.T) {
	receiver := NewReceiver(NewPort(&bytes.Buffer{}), Stderr, 1)
	receiver.Deliver([]byte("last words"))
	receiver.Fail(errFull)
	var got bytes.Buffer
	if _, err := receiver.WriteTo(&got); err != errFull || got.String() != "last words" {
		t.Errorf("got %q, %v", got.String(), err)
	}
}
