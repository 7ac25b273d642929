// Package wire is the language that the host and the agent in a guest speak
// over one virtio-serial port.
//
// In and out: a byte pipe in both directions that neither loses nor reorders
// bytes. On top of it any number of channels, one for each running program
// or file transfer, told apart by a number that the host chooses.
//
// Everything is a frame, numbers little-endian:
//
//	0      1               5               9
//	+------+---------------+---------------+----------------------+
//	| kind | channel       | length        | payload, length bytes|
//	| u8   | u32           | u32           | at most MaxPayload   |
//	+------+---------------+---------------+----------------------+
//
// A run of `cat` with "hi" on its standard input, host to guest as ">":
//
//	< Hello  0  {"release":"6.x"}
//	> Start  1  {"args":["cat"],"stdin":true}
//	> Stdin  1  "hi"
//	> Stdin  1  ""                  an empty payload ends a stream
//	< Stdout 1  "hi"
//	< Stdout 1  ""
//	< Stderr 1  ""
//	< Exit   1  {"status":0}
//
// Flow control is by credit. A sender of a stream may have at most Window
// bytes under way; the receiver hands them to their consumer at the
// consumer's pace and gives the count back in Credit frames. So neither side's
// reading loop ever waits, a full stream stops only itself, memory is bounded
// by Window for each stream, and programs share the port frame by frame. In an
// emulated guest a stream of full frames carries 10 to 15 MB a second.
package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// PortName is the name of the virtio-serial port that the agent serves.
const PortName = "org.gostap.agent"

const (
	headerSize = 9

	// MaxPayload is the most bytes that a frame carries. With its header a
	// frame fills the 32 KiB that the guest's driver takes in one write.
	MaxPayload = 32<<10 - headerSize

	// Window is how many bytes of one stream may be on their way to a
	// receiver that has not handed them on yet.
	Window = 512 << 10
)

// Kind says what a frame is for.
type Kind uint8

// The kinds of frames, with their payload.
const (
	Hello    Kind = iota + 1 // guest → host, once: Greeting
	Start                    // host → guest: Command
	Put                      // host → guest: FileHeader; the contents follow as Stdin
	Get                      // host → guest: FileHeader; the contents come as Stdout
	Signal                   // host → guest: SignalRequest
	PowerOff                 // host → guest, channel 0: empty
	Exit                     // guest → host, the last of a channel: Result
	Stdin                    // host → guest: bytes
	Stdout                   // guest → host: bytes
	Stderr                   // guest → host: bytes
	Credit                   // both ways: u8 kind of the stream, u32 bytes
)

// Greeting is what the agent says when it is ready to serve.
type Greeting struct {
	Release string `json:"release"` // of the running kernel
	Uptime  int64  `json:"uptime"`  // microseconds since that kernel started
}

// Command is a program to start.
type Command struct {
	Args  []string `json:"args"`
	Env   []string `json:"env,omitempty"` // NAME=value, on top of the agent's own
	Dir   string   `json:"dir,omitempty"`
	Stdin bool     `json:"stdin,omitempty"` // false: standard input is /dev/null
}

// FileHeader names a file in the guest; Mode, permission bits, is for Put.
type FileHeader struct {
	Path string `json:"path"`
	Mode uint32 `json:"mode,omitempty"`
}

// SignalRequest sends signal Number to a channel's program, or with Group to
// its whole process group.
type SignalRequest struct {
	Number int  `json:"number"`
	Group  bool `json:"group,omitempty"`
}

// Result is how a channel ended. Status is the exit status as a shell sees
// it: 128+n when signal n ended the program. Error says why a program could
// not be started or a file not be transferred.
type Result struct {
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
}

// Frame is one message.
type Frame struct {
	Kind    Kind
	Channel uint32
	Payload []byte
}

// Decode reads the payload of a frame whose kind carries a struct.
func (f Frame) Decode(into any) error {
	if err := json.Unmarshal(f.Payload, into); err != nil {
		return fmt.Errorf("frame of kind %d: %w", f.Kind, err)
	}
	return nil
}

// Credited returns the stream and the byte count of a Credit frame.
func (f Frame) Credited() (Kind, int, error) {
	if len(f.Payload) != 5 {
		return 0, 0, fmt.Errorf("credit frame of %d bytes", len(f.Payload))
	}
	return Kind(f.Payload[0]), int(binary.LittleEndian.Uint32(f.Payload[1:])), nil
}

// Port sends and receives frames. Send may be called by many goroutines,
// Receive by one.
type Port struct {
	reader *bufio.Reader

	mutex  sync.Mutex // one frame at a time
	writer io.Writer
	frame  []byte
}

// NewPort speaks over a byte pipe.
func NewPort(pipe io.ReadWriter) *Port {
	return &Port{
		reader: bufio.NewReaderSize(pipe, 2*(headerSize+MaxPayload)),
		writer: pipe,
	}
}

// Send writes one frame, in one write to the pipe.
func (p *Port) Send(kind Kind, channel uint32, payload []byte) error {
	if len(payload) > MaxPayload {
		return fmt.Errorf("frame of %d bytes; the most is %d", len(payload), MaxPayload)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.frame = append(p.frame[:0], byte(kind))
	p.frame = binary.LittleEndian.AppendUint32(p.frame, channel)
	p.frame = binary.LittleEndian.AppendUint32(p.frame, uint32(len(payload)))
	p.frame = append(p.frame, payload...)
	_, err := p.writer.Write(p.frame)
	return err
}

// SendJSON writes one frame whose kind carries a struct.
func (p *Port) SendJSON(kind Kind, channel uint32, value any) error {
	payload, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return p.Send(kind, channel, payload)
}

// Receive waits for the next frame; io.EOF when the other side is gone.
func (p *Port) Receive() (Frame, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(p.reader, header[:]); err != nil {
		return Frame{}, err
	}
	frame := Frame{
		Kind:    Kind(header[0]),
		Channel: binary.LittleEndian.Uint32(header[1:]),
	}
	length := binary.LittleEndian.Uint32(header[5:])
	if frame.Kind < Hello || frame.Kind > Credit || length > MaxPayload {
		return Frame{}, fmt.Errorf("not a frame: % x", header)
	}
	frame.Payload = make([]byte, length)
	if _, err := io.ReadFull(p.reader, frame.Payload); err != nil {
		return Frame{}, fmt.Errorf("cut off in a frame: %w", io.ErrUnexpectedEOF)
	}
	return frame, nil
}
