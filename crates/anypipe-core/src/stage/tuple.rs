//! Stages one behind the other, as a tuple: a pipeline described in one place.

use futures_core::Stream;

use super::{Holds, Stage};
use crate::scope::Scope;

/// Writes `Stage` for a tuple; each stage is given with what the one before it gives.
macro_rules! tuple {
    ($($G:ident $stage:ident: $Input:ty),+ => $Last:ident) => {
        impl<In, $($G),+> Stage<In> for ($($G,)+)
        where
            $($G: Stage<$Input>),+
        {
            type Out = $Last::Out;

            fn attach(
                self,
                input: impl Stream<Item = In> + Send + 'static,
                scope: &Scope,
            ) -> impl Stream<Item = Self::Out> + Send + 'static {
                let ($($stage,)+) = self;
                $(let input = $stage.attach(input, scope);)+
                input
            }

            fn holds(&self) -> Holds {
                let ($($stage,)+) = self;
                Holds::NONE $(+ $stage.holds())+
            }
        }
    };
}

tuple!(A a: In => A);
tuple!(A a: In, B b: A::Out => B);
tuple!(A a: In, B b: A::Out, C c: B::Out => C);
tuple!(A a: In, B b: A::Out, C c: B::Out, D d: C::Out => D);
tuple!(A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out => E);
tuple!(A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out, F f: E::Out => F);
tuple!(A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out, F f: E::Out, G g: F::Out => G);
tuple!(
    A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out, F f: E::Out, G g: F::Out,
    H h: G::Out => H
);
tuple!(
    A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out, F f: E::Out, G g: F::Out,
    H h: G::Out, I i: H::Out => I
);
tuple!(
    A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out, F f: E::Out, G g: F::Out,
    H h: G::Out, I i: H::Out, J j: I::Out => J
);
tuple!(
    A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out, F f: E::Out, G g: F::Out,
    H h: G::Out, I i: H::Out, J j: I::Out, K k: J::Out => K
);
tuple!(
    A a: In, B b: A::Out, C c: B::Out, D d: C::Out, E e: D::Out, F f: E::Out, G g: F::Out,
    H h: G::Out, I i: H::Out, J j: I::Out, K k: J::Out, L l: K::Out => L
);
