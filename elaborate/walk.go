package elaborate

// Walk calls visit for an expression and all that is inside of it, each before
// what is inside of it.
func Walk(x Expression, visit func(any)) { walkExpression(x, visit) }

// WalkStatements does the same for a list of statements.
func WalkStatements(list []Statement, visit func(any)) { walkStatements(list, visit) }

// walkStatements calls visit for each statement and expression of a list, those
// inside included, each before what is inside of it.
func walkStatements(list []Statement, visit func(any)) {
	for _, s := range list {
		visit(s)
		switch s := s.(type) {
		case *Evaluate:
			walkExpression(s.X, visit)
		case *If:
			walkExpression(s.Condition, visit)
			walkStatements(s.Then, visit)
			walkStatements(s.Else, visit)
		case *Loop:
			walkExpression(s.Condition, visit)
			walkExpression(s.Step, visit)
			walkStatements(s.Body, visit)
		case *Return:
			walkExpression(s.X, visit)
		case *Try:
			walkStatements(s.Body, visit)
			walkStatements(s.Catch, visit)
		case *Foreach:
			walkExpressions(s.Slice, visit)
			walkExpression(s.Limit, visit)
			walkStatements(s.Body, visit)
		case *ForeachBucket:
			walkExpressions(s.Buckets.Keys, visit)
			walkExpression(s.Limit, visit)
			walkStatements(s.Body, visit)
		case *Delete:
			walkExpressions(s.Keys, visit)
		}
	}
}

func walkExpressions(list []Expression, visit func(any)) {
	for _, x := range list {
		walkExpression(x, visit)
	}
}

// walkExpression does the same for one expression; nil is nothing. What an
// EntryValue was computed from is not inside of it: another probe does that.
func walkExpression(x Expression, visit func(any)) {
	if x == nil {
		return
	}
	visit(x)
	switch x := x.(type) {
	case *Store:
		walkExpression(x.X, visit)
	case *Unary:
		walkExpression(x.X, visit)
	case *Binary:
		walkExpression(x.X, visit)
		walkExpression(x.Y, visit)
	case *Conditional:
		walkExpressions([]Expression{x.Condition, x.X, x.Y}, visit)
	case *Call:
		walkExpressions(x.Arguments, visit)
	case *Print:
		for _, p := range x.Pieces {
			walkExpressions([]Expression{p.X, p.Conversion.Width, p.Conversion.Precision}, visit)
			if p.Histogram != nil {
				walkExpressions(p.Histogram.Keys, visit)
			}
		}
	case *StoreRegister:
		walkExpression(x.X, visit)
	case *StoreArgument:
		walkExpression(x.X, visit)
	case *StoreReturnValue:
		walkExpression(x.X, visit)
	case *Cast:
		walkExpression(x.X, visit)
	case *WidenFloat:
		walkExpression(x.X, visit)
	case *Unsigned:
		walkExpressions([]Expression{x.X, x.Y}, visit)
	case *StoreBits:
		walkExpressions([]Expression{x.Address, x.X}, visit)
	case *Keep:
		walkExpression(x.X, visit)
	case *Guarded:
		walkExpression(x.X, visit)
	case *Once:
		walkExpression(x.X, visit)
	case *Dereference:
		walkExpression(x.Address, visit)
	case *StoreMemory:
		walkExpression(x.Address, visit)
		walkExpression(x.X, visit)
	case *StoreHitVariable:
		walkExpression(x.X, visit)
	case *Element:
		walkExpressions(x.Keys, visit)
	case *StoreElement:
		walkExpression(x.Element, visit)
		walkExpression(x.X, visit)
	case *Contains:
		walkExpressions(x.Keys, visit)
	case *Aggregate:
		walkExpressions(x.Keys, visit)
		walkExpression(x.X, visit)
	case *Extract:
		walkExpressions(x.Keys, visit)
	case *Bucket:
		walkExpressions(x.Buckets.Keys, visit)
		walkExpression(x.Index, visit)
	case *HasBucket:
		walkExpression(x.Index, visit)
	case *Match:
		walkExpression(x.X, visit)
	case *EnumName:
		walkExpression(x.X, visit)
	}
}
