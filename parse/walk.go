package parse

// Walk calls visit for a node and, where visit gives true, for the nodes below
// it in the order of the text. Absent parts, nil, are not visited.
func Walk(n Node, visit func(Node) bool) {
	if !visit(n) {
		return
	}
	switch n := n.(type) {
	case *File:
		walkAll(n.EmbeddedCode, visit)
		walkAll(n.Globals, visit)
		walkAll(n.Functions, visit)
		walkAll(n.Aliases, visit)
		walkAll(n.Probes, visit)
	case *Global:
		walkOptional(n.Initial, visit)
	case *Function:
		if n.Priority != nil {
			Walk(n.Priority, visit)
		}
		if n.Body != nil {
			Walk(n.Body, visit)
		}
		if n.Code != nil {
			Walk(n.Code, visit)
		}
	case *Probe:
		walkAll(n.Points, visit)
		Walk(n.Body, visit)
	case *Alias:
		walkAll(n.Names, visit)
		walkAll(n.Points, visit)
		if n.Prologue != nil {
			Walk(n.Prologue, visit)
		}
		if n.Epilogue != nil {
			Walk(n.Epilogue, visit)
		}
	case *ProbePoint:
		for _, c := range n.Components {
			walkOptional(c.Argument, visit)
		}
		walkOptional(n.Condition, visit)
	case Statement:
		walkStatement(n, visit)
	case Expression:
		walkExpression(n, visit)
	}
}

func walkStatement(s Statement, visit func(Node) bool) {
	switch s := s.(type) {
	case *Block:
		walkAll(s.Statements, visit)
	case *ExpressionStatement:
		Walk(s.X, visit)
	case *IfStatement:
		Walk(s.Condition, visit)
		Walk(s.Then, visit)
		walkOptional(s.Else, visit)
	case *LoopStatement:
		walkOptional(s.Init, visit)
		walkOptional(s.Condition, visit)
		walkOptional(s.Step, visit)
		Walk(s.Body, visit)
	case *ForeachStatement:
		if s.Value != nil {
			Walk(s.Value, visit)
		}
		walkAll(s.Keys, visit)
		Walk(s.Base, visit)
		walkPresent(s.Slice, visit)
		walkOptional(s.Limit, visit)
		Walk(s.Body, visit)
	case *ReturnStatement:
		walkOptional(s.X, visit)
	case *DeleteStatement:
		Walk(s.X, visit)
	case *TryStatement:
		Walk(s.Body, visit)
		if s.Message != nil {
			Walk(s.Message, visit)
		}
		Walk(s.Catch, visit)
	}
}

func walkExpression(x Expression, visit func(Node) bool) {
	switch x := x.(type) {
	case *Index:
		Walk(x.Base, visit)
		walkPresent(x.Keys, visit)
	case *In:
		walkPresent(x.Keys, visit)
		Walk(x.Array, visit)
	case *Call:
		walkAll(x.Arguments, visit)
	case *Print:
		walkAll(x.Arguments, visit)
	case *Operator:
		walkAll(x.Arguments, visit)
	case *Unary:
		Walk(x.X, visit)
	case *Step:
		Walk(x.X, visit)
	case *Binary:
		Walk(x.X, visit)
		Walk(x.Y, visit)
	case *Conditional:
		Walk(x.Condition, visit)
		Walk(x.X, visit)
		Walk(x.Y, visit)
	case *Assign:
		Walk(x.X, visit)
		Walk(x.Y, visit)
	case *Target:
		walkAll(x.Arguments, visit)
		walkOptional(x.Base, visit)
		for _, a := range x.Accessors {
			walkOptional(a.Index, visit)
		}
	}
}

func walkAll[T Node](nodes []T, visit func(Node) bool) {
	for _, n := range nodes {
		Walk(n, visit)
	}
}

// walkPresent walks over keys, of which a nil one stands for "*".
func walkPresent(keys []Expression, visit func(Node) bool) {
	for _, key := range keys {
		walkOptional(key, visit)
	}
}

// walkOptional walks over a part that may be absent.
func walkOptional(n Node, visit func(Node) bool) {
	if n != nil {
		Walk(n, visit)
	}
}
