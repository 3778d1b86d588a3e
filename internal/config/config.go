// Package config is how a deployment is set up: one struct, filled from defaults < file < environment < flags, with
// every value bounded and its origin remembered. A value that is out of bounds stops the start with a message that says
// what is wrong, what is wanted and where it came from.
//
// A setting has one name in three spellings: `limits.batch_commands` in the file (nested objects in JSON),
// HOLDFAST_LIMITS_BATCH_COMMANDS in the environment, --limits-batch-commands on the command line.
package config

import (
	"time"

	"holdfast/uid"
)

// Config is everything that can be set. The tags are what kong reads (name, help, default, group, placeholder) and what
// this package does: `min` and `max` are inclusive bounds, `oneof` lists the only words allowed, `secret` values are never printed,
// `everywhere` settings are shown in the help of every command.
type Config struct {
	File string `name:"config" placeholder:"FILE" everywhere:"" help:"Read settings from this JSON file."`

	Addr  string `name:"addr" default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"Server" help:"Listen here. Port 0 takes a free one."`
	Data  string `name:"data" default:"holdfast-data" placeholder:"FOLDER" everywhere:"" help:"Folder of the embedded engines; made when it does not exist."`
	Node  string `name:"node" placeholder:"NAME" group:"Server" help:"Name of this process among those on one database, stable over restarts; the host's name when empty."`
	Token string `name:"tokens" placeholder:"FILE" group:"Server" help:"JSON file of bearer tokens: [{\"token\", \"subject\", \"supplier\", \"scopes\"}]. It is read again when it changes."`
	Demo  bool   `name:"demo" group:"Server" help:"Fill an empty store with a demo world and accept its tokens."`
	Clock string `name:"clock" placeholder:"TIME" group:"Server" help:"Start a test clock at this instant (RFC 3339). Switches test mode on."`
	Test  bool   `name:"test-mode" group:"Server" help:"Keep test data: the clock can be moved by POST /v1/sandbox/clock. Refused on live data."`

	Admin string `name:"admin" placeholder:"FOLDER" group:"Server" help:"Folder of the admin socket (audit, import, status, pprof). Empty: the data folder, and no socket on PostgreSQL."`

	Image string `name:"view-image" placeholder:"FILE" group:"Server" help:"Keep an image of the stock in this file, from which search starts in seconds. Empty: in the data folder, and none on PostgreSQL."`

	HorizonNights  int `name:"horizon-nights" default:"730" min:"1" max:"1500" group:"Server" help:"Nights ahead that hotels can be booked."`
	HorizonRuns    int `name:"horizon-runs" default:"60" min:"1" max:"400" group:"Server" help:"Days ahead that trains can be booked."`
	HorizonFlights int `name:"horizon-flights" default:"120" min:"1" max:"400" group:"Server" help:"Days ahead that flights can be booked."`

	Log      Log      `embed:"" prefix:"log-" group:"Log"`
	Database Database `embed:"" prefix:"database-" group:"Database"`
	Times    Times    `embed:"" prefix:"times-" group:"Times"`
	Limits   Limits   `embed:"" prefix:"limits-" group:"Limits"`
	Caps     Caps     `embed:"" prefix:"caps-" group:"Caps of one caller"`
	Audit    Audit    `embed:"" prefix:"audit-" group:"Audit"`
	Feeds    Feeds    `embed:"" prefix:"feeds-" group:"Feeds of partners"`

	// SupplierCaps are the caps of single suppliers, from the file alone: {"caps": {"suppliers": {"sup_...": {...}}}}.
	// What an entry does not name is as in
	// Caps.
	SupplierCaps map[uid.ID]Caps `kong:"-"`
}

// Log is what is written to stderr.
type Log struct {
	Level  string `name:"level" default:"info" oneof:"debug,info,warn,error" everywhere:"" help:"Least important lines that are written."`
	Format string `name:"format" default:"text" oneof:"text,json" everywhere:"" help:"How lines are written: text for people, json for collectors."`
}

// Database is where the stores are.
type Database struct {
	URL      string `name:"url" secret:"" placeholder:"URL" everywhere:"" help:"PostgreSQL for all services, each in a schema of its own. Empty: SQLite files in the data folder."`
	URLFile  string `name:"url-file" placeholder:"FILE" everywhere:"" help:"Read the database URL from this file."`
	MaxConns int32  `name:"max-conns" default:"8" min:"2" max:"500" help:"Most connections of each service to PostgreSQL."`
}

// Times are durations.
type Times struct {
	Hold          time.Duration `name:"hold" default:"15m" min:"1s" max:"24h" help:"How long an unpaid reservation keeps its stock."`
	Extension     time.Duration `name:"extension" default:"15m" min:"1s" max:"24h" help:"What one extension of a hold adds."`
	Grace         time.Duration `name:"grace" default:"10m" min:"1s" max:"1h" help:"How long a running payment protects the hold."`
	Quote         time.Duration `name:"quote" default:"15m" min:"1s" max:"24h" help:"How long a cancellation quote can be confirmed."`
	PayWait       time.Duration `name:"pay-wait" default:"2s" min:"10ms" max:"30s" help:"How long a pay call waits for the outcome before it answers confirming."`
	Offer         time.Duration `name:"offer" default:"20m" min:"1s" max:"24h" help:"How long an offer keeps its price."`
	SoldOut       time.Duration `name:"sold-out" default:"50ms" min:"0s" max:"1s" help:"How long a sold-out answer is believed without asking again."`
	Keys          time.Duration `name:"keys" default:"720h" min:"720h" max:"8784h" help:"How long idempotency keys are kept at least."`
	Archive       time.Duration `name:"archive" default:"2160h" min:"0s" max:"87600h" help:"How long after their last change completed and paid reservations are archived, at least as long as keys. 0s: never."`
	ArchiveUnpaid time.Duration `name:"archive-unpaid" default:"720h" min:"0s" max:"87600h" help:"The same for those that ended without ever being paid. 0s: never."`
	Notice        time.Duration `name:"notice" default:"500ms" min:"0s" max:"5m" help:"How long a stopping server still takes requests while /readyz answers 503 already; what a load balancer needs to notice."`
	Wait          time.Duration `name:"wait" default:"50ms" min:"1ms" max:"10s" help:"When even the fastest calls take longer than this, fewer are let in and the others are answered overloaded. More where a commit takes longer."`
	Drain         time.Duration `name:"drain" default:"30s" min:"1s" max:"10m" help:"How long a stopping server may finish what is under way."`
}

// Limits bound what the server takes at once.
type Limits struct {
	Lanes         int   `name:"lanes" default:"4" min:"1" max:"64" help:"Lanes of the desk on PostgreSQL; SQLite has one."`
	Queue         int   `name:"queue" default:"8192" min:"1" max:"1000000" help:"Commands that wait in a lane before the answer is overloaded."`
	BatchCommands int   `name:"batch-commands" default:"512" min:"1" max:"10000" help:"Most commands in one transaction."`
	BatchRows     int   `name:"batch-rows" default:"8192" min:"16" max:"1000000" help:"Most rows in one transaction."`
	BodyBytes     int64 `name:"body-bytes" default:"65536" min:"1024" max:"16777216" help:"Largest request body."`
	Reads         int   `name:"reads" default:"1024" min:"1" max:"1000000" help:"Reads and searches under way at once; what comes beyond is answered overloaded."`
	Writes        int   `name:"writes" default:"2048" min:"1" max:"1000000" help:"Other calls under way at once."`
	Staff         int   `name:"staff" default:"256" min:"1" max:"1000000" help:"Calls of staff under way at once, in places of their own."`
	Connections   int   `name:"connections" default:"4096" min:"1" max:"1000000" help:"Open HTTP connections. A few more are kept for probes and /metrics."`
	Rate          int   `name:"rate" default:"10000" min:"1" max:"10000000" help:"Calls a second of one caller."`
	Burst         int   `name:"burst" default:"20000" min:"1" max:"10000000" help:"Calls of one caller that may come at once."`
	Subjects      int   `name:"subjects" default:"65536" min:"16" max:"10000000" help:"Callers whose rate is remembered at the same time."`
}

// Feeds is how the files of partners are fetched.
type Feeds struct {
	AllowPrivate bool `name:"allow-private" help:"Let feeds be fetched from addresses of private networks and of this machine."`
	Share        int  `name:"share" default:"25" min:"1" max:"100" help:"Percent of its time that a process works on updates of partners (delays, cancellations, fares). They come by the hundred on the hour; in the rest of the time live calls have the machine for themselves."`
}

// Audit is the audit that a server makes by itself.
type Audit struct {
	Every time.Duration `name:"every" default:"0s" min:"0s" max:"168h" help:"Audit so often, a fifth of the time at work, with metrics on /metrics. 0s: never."`
}

// Caps bound what one caller can keep from others.
type Caps struct {
	ItemsPerReservation int           `name:"items-per-reservation" default:"20" min:"1" max:"1000" help:"Items of one reservation."`
	UnitsPerItem        int           `name:"units-per-item" default:"30" min:"1" max:"10000" help:"Units (rooms) of one item."`
	HoldsPerPool        int           `name:"holds-per-pool" default:"25" min:"1" max:"1000000" help:"Live unpaid reservations in one pool."`
	UnitsPerPool        int           `name:"units-per-pool" default:"60" min:"1" max:"1000000" help:"Units they hold together."`
	Extensions          int           `name:"extensions" default:"2" min:"0" max:"1000" help:"Extensions of one hold."`
	LapsesPerPool       int           `name:"lapses-per-pool" default:"50" min:"1" max:"1000000" help:"Holds that may lapse unpaid before new ones are refused for a while."`
	LapseWindow         time.Duration `name:"lapse-window" default:"1h" min:"1s" max:"168h" help:"How long a lapse counts."`
}

// TestMode tells whether the data is for tests and the clock can be moved.
func (c *Config) TestMode() bool { return c.Test || c.Clock != "" }

// ClockStart is the instant a test clock starts at; false where the machine's time counts.
func (c *Config) ClockStart() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, c.Clock)
	return at, err == nil
}

// Embedded tells whether the stores are SQLite files in the data folder.
func (c *Config) Embedded() bool { return c.Database.URL == "" }
