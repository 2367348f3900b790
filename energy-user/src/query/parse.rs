//! From a text to a query's tree, by descent through the grammar.

use super::{
    DEEPEST, LONGEST,
    error::QueryError,
    field::{Field, Of},
    needle::Needle,
    node::Node,
    quantity::Quantity,
    scan::{Operator, Scan},
};

/// The tree of a text; none for a text that asks for nothing.
pub(super) fn parse(text: &str) -> Result<Option<Node>, QueryError> {
    if let Some((at, _)) = text.char_indices().nth(LONGEST) {
        let words = format!("a filter has at most {LONGEST} letters: shorten it");
        return Err(QueryError::wrong(at, words));
    }
    let mut parser = Parser { scan: Scan::new(text), depth: 0 };
    parser.scan.skip_space();
    if parser.scan.is_done() {
        return Ok(None);
    }
    let node = parser.any()?;
    if parser.scan.is_done() {
        return Ok(Some(node));
    }
    // Whatever else is there, a term would have begun with it.
    Err(QueryError::wrong(parser.scan.at, "no ( is open here: put ) in quotes to look for it"))
}

struct Parser<'a> {
    scan: Scan<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Node, QueryError> {
        let mut arms = vec![self.all()?];
        while self.joint('|', "or") {
            arms.push(self.all()?);
        }
        Ok(one_or(arms, Node::Any))
    }

    fn all(&mut self) -> Result<Node, QueryError> {
        let mut terms = vec![self.term()?];
        loop {
            if !self.joint('&', "and") {
                let mut ahead = self.scan;
                if matches!(ahead.peek(), None | Some(')' | '|')) || ahead.keyword("or") {
                    return Ok(one_or(terms, Node::All));
                }
            }
            terms.push(self.term()?);
        }
    }

    /// What joins two terms, with the spaces around it.
    fn joint(&mut self, symbol: char, keyword: &str) -> bool {
        self.scan.skip_space();
        let found = self.scan.take(symbol);
        if found {
            self.scan.take(symbol);
        }
        let found = found || self.scan.keyword(keyword);
        self.scan.skip_space();
        found
    }

    fn term(&mut self) -> Result<Node, QueryError> {
        self.scan.skip_space();
        let at = self.scan.at;
        match self.scan.peek() {
            None => Err(QueryError::incomplete(at, "a word or a comparison is missing here")),
            Some(wrong @ (')' | '|' | '&')) => {
                let words = format!(
                    "a word or a comparison has to come before {wrong}: \
                     put {wrong} in quotes to look for it"
                );
                Err(QueryError::wrong(at, words))
            }
            Some('(') => self.deeper(at, |parser| {
                parser.scan.take('(');
                let inner = parser.any()?;
                if parser.scan.take(')') {
                    return Ok(inner);
                }
                Err(QueryError::incomplete(at, "this ( has no )"))
            }),
            Some('!') => self.deeper(at, |parser| {
                parser.scan.take('!');
                Ok(Node::Not(Box::new(parser.term()?)))
            }),
            Some('"') => Ok(Node::Text(Needle::new(self.quoted()?))),
            Some(_) => self.word(),
        }
    }

    fn deeper(
        &mut self,
        at: usize,
        inner: impl FnOnce(&mut Self) -> Result<Node, QueryError>,
    ) -> Result<Node, QueryError> {
        if self.depth == DEEPEST {
            let words = format!("( and ! go at most {DEEPEST} deep: take some away");
            return Err(QueryError::wrong(at, words));
        }
        self.depth += 1;
        let node = inner(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn quoted(&mut self) -> Result<String, QueryError> {
        let at = self.scan.at;
        self.scan.quoted().ok_or_else(|| QueryError::incomplete(at, "this quote has no end"))
    }

    /// A comparison, a mark or plain text.
    fn word(&mut self) -> Result<Node, QueryError> {
        let mut ahead = self.scan;
        let name = ahead.name();
        let field = Field::named(name);
        let close = ahead.at;
        ahead.skip_space();
        let at = ahead.at;
        let operator = ahead.operator();
        match (field, operator) {
            (Some(field), Some(operator)) => {
                self.scan = ahead;
                return self.comparison(field, operator, at);
            }
            (None, Some(operator)) if name.is_empty() || at > close => {
                self.lonely(name, operator, ahead)?;
            }
            _ => {}
        }
        if let Some(Field { name, of: Of::Mark(mark), .. }) = field
            && self.scan.keyword(name)
        {
            return Ok(Node::Mark(*mark));
        }
        Ok(Node::Text(Needle::new(self.scan.word().to_owned())))
    }

    /// An operator that stands alone and has no field before it: what is meant is a comparison.
    fn lonely(&self, name: &str, operator: Operator, after: Scan<'_>) -> Result<(), QueryError> {
        if !after.is_at_space() {
            return Ok(());
        }
        let symbol = operator.symbol();
        let words = if name.is_empty() {
            format!("a field has to come before {symbol}, such as w {symbol} 5")
        } else {
            let near = Field::nearest(name).map_or_else(
                || "docs/screen.md lists the fields.".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            format!("no field is called {name}: {near} Put {symbol} in quotes to look for it")
        };
        // A letter behind it makes a word of it.
        let error = if after.is_done() { QueryError::incomplete } else { QueryError::wrong };
        Err(error(self.scan.at, words))
    }

    fn comparison(
        &mut self,
        field: &Field,
        operator: Operator,
        at: usize,
    ) -> Result<Node, QueryError> {
        let (name, symbol) = (field.name, operator.symbol());
        if let Of::Mark(_) = field.of {
            let words = format!("{name} is so or is not: write {name} or !{name} alone");
            return Err(QueryError::wrong(at, words));
        }
        if !field.operators().contains(&symbol) {
            let operators = field.operators().join(" ");
            let words = format!("{name} is not compared by {symbol}: use one of {operators}");
            return Err(QueryError::wrong(at, words));
        }
        self.scan.skip_space();
        let at = self.scan.at;
        match self.scan.peek() {
            None => {
                let words = format!("a value is missing after {name} {symbol}");
                return Err(QueryError::incomplete(at, words));
            }
            Some(wrong @ ('(' | ')' | '|' | '&')) => {
                let words = format!("a value has to come before {wrong}: put a text in quotes");
                return Err(QueryError::wrong(at, words));
            }
            Some(_) => {}
        }
        match field.of {
            Of::Figure(figure, _) => {
                let word = self.scan.word();
                let mut ahead = self.scan;
                ahead.skip_space();
                let after = ahead.word();
                let last = self.scan.is_done();
                let (quantity, with_unit) = Quantity::read(field, (at, word), after, last)?;
                if with_unit {
                    self.scan = ahead;
                }
                Ok(Node::Figure(figure, operator, quantity))
            }
            Of::Word(word) => {
                let quoted = self.scan.peek() == Some('"');
                let text = if quoted { self.quoted()? } else { self.scan.word().to_owned() };
                Ok(Node::Word(word, operator, Needle::new(text)))
            }
            Of::Mark(mark) => Ok(Node::Mark(mark)),
        }
    }
}

fn one_or(mut nodes: Vec<Node>, many: impl FnOnce(Vec<Node>) -> Node) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { many(nodes) }
}
