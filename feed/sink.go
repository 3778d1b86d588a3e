package feed

// A sink takes what a reader finds, row after row, in the order of its fields. What is nil is read past. A row that
// cannot be read is told to Remark and left out, and reading goes on; an error of a function, or a fatal one of the
// file, ends it.

// TrainSink takes a feed of trains.
type TrainSink struct {
	Station  func(Station) error
	Footpath func(Footpath) error
	Train    func(Train) error
	Remark   func(*Error)
	Progress func(done, total int64) // bytes or rows; total 0 when it is not known
}

// FlightSink takes a feed of flights.
type FlightSink struct {
	Airport   func(Airport) error
	Leg       func(Leg) error
	Departure func(Departure) error
	Remark    func(*Error)
	Progress  func(done, total int64)
}

// CoachSink takes a feed of coaches.
type CoachSink struct {
	Type        func(CoachType) error
	Composition func(Composition) error
	Remark      func(*Error)
	Progress    func(done, total int64)
}
